"""End a training by a signal: at once where nothing is lost, in a fit at the next step with a checkpoint.

TERM, USR1 and USR2 (from a scheduler) end the process with `Exit.PREEMPTED`, INT (Ctrl-C) with
`Exit.INTERRUPTED`. A second Ctrl-C does not wait for the step.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Checkpoint as LightningCheckpoint

from raasid.errors import Exit, Stopped
from raasid.training.checkpointing import Checkpoint, can_resume_here
from raasid.training.run_record import wait_for_release

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)
_Handler = Callable[[int, FrameType | None], Any] | int | None


class StopSignals:
    """Handles the signals within a block; outside a fit they raise `Stopped` at once.

    Works in the main thread, where signals arrive; elsewhere (a sweep that runs jobs in threads) the block
    changes nothing.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        """The signal that asked to stop, during a fit."""
        self.doing = "the preparation"
        """What an immediate stop interrupts, for the message."""
        self._deferred = False
        self._process = os.getpid()
        self._before: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.getsignal(number) for number in SIGNALS}
            self.install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def install(self) -> None:
        """Take the signals over from Lightning, which would end a fit without a checkpoint and status 0."""
        for number, before in self._before.items():
            if before is not signal.SIG_IGN:  # as under `nohup`, or in a shell's background job
                signal.signal(number, self._handle)

    def defer(self) -> None:
        """From now on signals are only noted."""
        self._deferred = True

    def act(self, doing: str) -> None:
        """From now on signals raise `Stopped`; one that was noted and not acted on does so here."""
        self._deferred, before, self.doing = False, self.doing, doing
        if self.received is not None:
            raise stopped(self.received, f"after {before}")

    def _handle(self, number: int, _: FrameType | None) -> None:
        received = signal.Signals(number)
        if os.getpid() != self._process:  # a forked worker: its parent decides
            return
        again = self.received is signal.SIGINT and received is signal.SIGINT
        if self._deferred and not again:
            self.received = self.received or received
            return
        raise stopped(received, f"during {self.doing}")


def stopped(received: signal.Signals, when: str, saved: bool = True) -> Stopped:
    """Return the exception that ends the process. when: "at step 12"; saved: whether it can be continued."""
    goes_on = "continue with ckpt_path=last" if saved else "nothing was saved"
    if received is signal.SIGINT:
        return Stopped(f"interrupted {when}; {goes_on}", Exit.INTERRUPTED)
    return Stopped(f"preempted by {received.name} {when}; {goes_on}", Exit.PREEMPTED)


class StopAtStep(LightningCheckpoint):
    """Saves a checkpoint and raises `Stopped` at the first step, or batch of validation, after a signal.

    All ranks stop together when one has received a signal. Among the callbacks it runs last, as Lightning
    orders those of this base class, so that what it saves is complete.

    check: called at every step; ends the training by an exception.
    """

    def __init__(self, signals: StopSignals, check: Callable[[], None] | None = None) -> None:
        self._signals, self._check = signals, check

    def on_sanity_check_start(self, *_: Any) -> None:
        """Take the signals over from Lightning."""
        self._signals.install()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note signals from now on."""
        self._signals.doing = "the training"
        self._signals.install()
        self._signals.defer()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Stop after a step."""
        if can_resume_here(trainer):
            self._stop_if_asked(trainer)

    def on_validation_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Stop within a validation, which the resumed run repeats."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            self._stop_if_asked(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop after an epoch: `Checkpoint` leaves its last step to its end."""
        self._stop_if_asked(trainer)

    def _stop_if_asked(self, trainer: pl.Trainer) -> None:
        if self._check is not None:
            self._check()
        received = self._signals.received
        if not trainer.strategy.reduce_boolean_decision(received is not None, all=False):
            return
        saved = [each for each in trainer.checkpoint_callbacks if isinstance(each, Checkpoint)]
        for checkpoint in saved:
            checkpoint.save_now(trainer)
        dry = bool(trainer.fast_dev_run)  # type: ignore[attr-defined]
        found = stopped(received or signal.SIGTERM, f"at step {trainer.global_step}", bool(saved) and not dry)
        if trainer.is_global_zero:
            raise found
        wait_for_release(Path(trainer.default_root_dir))  # srun kills all ranks as soon as one has ended
        raise Stopped("", found.exit)
