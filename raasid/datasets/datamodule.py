"""The interface of all tasks' datamodules: splits, held-out loaders, and the position of a resumed run."""

from __future__ import annotations

import os
import signal
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as pl
from torch.utils.data import DataLoader

from raasid.datasets.data_config import DataConfig
from raasid.errors import UsageError
from raasid.footage.records import Clip, Footage
from raasid.footage.splits import Splits
from raasid.io.file_digests import CACHE_NAME, FileDigests

Loader = DataLoader[Any]


def leave_signals_to_parent(_: int) -> None:
    """Ignore the signals that reach a whole process group; `worker_init_fn` of every loader.

    A worker that they ended would end the training in an error before it can write its checkpoint. TERM from
    the parent itself ends the worker, as at the end of every loader.
    """
    for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)


class EpochPosition(NamedTuple):
    """Size of an epoch, and where training starts in it."""

    num_samples: int
    """Samples per epoch."""
    batch_size: int
    """Over all devices together."""
    epoch: int
    """Next epoch; 0 unless the run was resumed."""
    skip: int
    """Batches of that epoch that the resumed run has already taken."""


class TaskDataModule(pl.LightningDataModule):
    """Splits footage by match and turns it into batches; no match is in two splits."""

    footage: Footage | None = None
    """As it was read; None before `setup`."""
    splits: Splits | None = None
    league: list[Clip]
    """Clips that are trained on in addition to `splits.train`."""
    calibration: list[Clip]
    """Clips that probabilities are calibrated on in addition to `splits.val`."""
    media: dict[Path, str]
    """SHA-256 of the files whose pixels are read, as they were when they were opened."""
    keep_unlabelled: bool = False
    """Whether clips without the labels of the task are predicted too; metrics leave them out all the same."""
    _open_footage: Callable[[], Footage]

    def __init__(self, config: DataConfig, seed: int) -> None:
        super().__init__()
        self.config, self.seed = config, seed
        self.league, self.calibration, self.media = [], [], {}
        self._batches_seen = 0

    def change_footage(self, change: Callable[[Footage], Footage]) -> None:
        """Let `setup` change the footage after it is read, before it is split."""
        opened = self._open_footage
        self._open_footage = lambda: change(opened())

    @abstractmethod
    def eval_dataloader(self, split: str) -> Loader:
        """Return every sample of a split once, without augmentation.

        Raises UsageError where the split is empty.
        """

    @property
    def input_facts(self) -> dict[str, str]:
        """Further inputs of the batches for report and lineage: upstream models, digests."""
        return {}

    @property
    def input_checkpoints(self) -> dict[str, Path]:
        """Checkpoints of the models whose predictions the batches are made from, by role."""
        return {}

    def digest_media(self, clips: Iterable[Clip], folder: Path | None) -> None:
        """Add the files of clips to `media`: verified ones as they are known, others are read.

        folder: keeps the digests, so that unchanged files are read once. Raises FileUnreadable.
        """
        verified = self.footage.media if self.footage is not None else {}
        files = {frame.image for clip in clips for frame in clip.frames} - self.media.keys()
        self.media |= {file: verified[file] for file in files & verified.keys()}
        digests = FileDigests(folder / CACHE_NAME if folder is not None else None)
        self.media |= digests.of(sorted(files - verified.keys()), "digesting images and videos")

    @property
    def rank_and_world(self) -> tuple[int, int]:
        """Rank of this process, and the number of processes that train together."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)

    @property
    def on_gpu(self) -> bool:
        """Whether batches go to a GPU."""
        return self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"

    def epoch_position(self, num_items: int) -> EpochPosition:
        """Return the size of an epoch over `num_items` items, and where a resumed run continues in it.

        Raises UsageError if the batch cannot be divided evenly among the processes.
        """
        world, batch = self.rank_and_world[1], self.config.batch_size
        if batch % world:
            raise UsageError(
                f"data.batch_size must be a multiple of the number of processes ({world}), but is {batch}"
            )
        samples = self.config.samples_per_epoch or num_items
        batches = max(1, samples // batch)
        limit = self.trainer.limit_train_batches if self.trainer is not None else None
        if isinstance(limit, int):
            batches = min(batches, limit)
        elif limit is not None:
            batches = int(batches * limit)
        return EpochPosition(samples, batch, *divmod(self._batches_seen, max(1, batches)))

    @property
    def batches_seen(self) -> int:
        """Number of training batches that the run has taken, the current one included."""
        if self.trainer is None:
            return self._batches_seen
        return self.trainer.fit_loop.epoch_loop.batch_progress.total.ready

    def state_dict(self) -> dict[str, Any]:
        """Return the position of the run.

        Lightning restores its own counters only after it has asked for the loader and may have started its
        workers, so the datamodule keeps the position itself.
        """
        return {"batches_seen": self.batches_seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the position of a resumed run."""
        self._batches_seen = int(state_dict["batches_seen"])
