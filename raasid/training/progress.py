"""Progress of a training on the terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

import lightning.pytorch as pl
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from raasid.console.terminal import err


class Progress(pl.Callback):
    """One bar over all steps of the run, and one line per validation with the remaining time.

    Without a terminal (a batch job, a pipe) only the lines are printed.

    refresh_rate: steps between two updates of the bar.
    """

    def __init__(self, refresh_rate: int = 1) -> None:
        self.refresh_rate = refresh_rate
        self._bar: Bar | None = None
        self._task: Any = None
        self._started = 0.0
        self._first_step = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the bar at the current step."""
        if not trainer.is_global_zero:
            return
        self._started, self._first_step = time.monotonic(), trainer.global_step
        if not sys.stderr.isatty():
            return
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=err(),
            transient=True,
        )
        self._task = self._bar.add_task(
            "training", total=self._total(trainer), completed=trainer.global_step, note=""
        )
        self._bar.start()

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Update the bar."""
        if self._bar is None or trainer.global_step % self.refresh_rate:
            return
        loss = trainer.callback_metrics.get("train/loss")
        note = "" if loss is None else f"loss {float(loss):.3f}"
        self._bar.update(self._task, completed=trainer.global_step, note=note)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the validation metrics."""
        if trainer.sanity_checking or trainer.state.fn != "fit" or not trainer.is_global_zero:
            return
        shown = [
            f"{name.removeprefix('val/')} {float(value):.3f}"
            for name, value in sorted(trainer.callback_metrics.items())
            if name.startswith("val/") and name.count("/") == 1
        ]
        total = self._total(trainer)
        of = f"/{total}" if total else ""
        err().print(
            f"step {trainer.global_step}{of}  {'  '.join(shown)}{self._left(trainer, total)}",
            highlight=False,
            soft_wrap=True,
        )

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remove the bar."""
        self._stop()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Remove the bar before the error is printed."""
        self._stop()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _left(self, trainer: pl.Trainer, total: int | None) -> str:
        done = trainer.global_step - self._first_step
        if not total or not done:
            return ""
        seconds = (time.monotonic() - self._started) / done * (total - trainer.global_step)
        return f"  {int(seconds // 60)}:{int(seconds % 60):02d} left"

    @staticmethod
    def _total(trainer: pl.Trainer) -> int | None:
        total = trainer.estimated_stepping_batches
        return int(total) if total != float("inf") and total > 0 else None
