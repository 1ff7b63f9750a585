"""`RUN/checkpoints/{best,last}.ckpt`.

Checkpoints that are either whole or not there.
"""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint as LightningCheckpoint
from lightning.pytorch.plugins.io import CheckpointIO
from lightning.pytorch.utilities import rank_zero_only

from raasid.models.checkpoints import load_checkpoint


class Checkpoint(LightningCheckpoint):
    """Keep the last checkpoint and the best.

    `last.ckpt` is written after every validation and every epoch without one, and, if asked, every so
    many steps; after a validation `best.ckpt` becomes the same file if the monitored value is no worse
    than the best so far. Equal values replace it: on a small selection split many models tie, and
    the longer trained one is the better bet. Before anything was validated, the last is the best.
    Both files keep their names, so that scripts find them.

    monitor: a logged metric. Without a selection split it never exists, and the last is the best.
    """

    def __init__(
        self,
        monitor: str = "val/detection_rate",
        mode: Literal["max", "min"] = "max",
        every_n_train_steps: int | None = None,
    ) -> None:
        self.monitor, self.mode = monitor, mode
        self.every_n_train_steps = every_n_train_steps
        self.best_score: float | None = None
        self.best_step: int | None = None
        self._saved_step = -1
        self._folder = Path()

    @property
    def last(self) -> Path:
        """Where the newest checkpoint lies, once there is one."""
        return self._folder / "last.ckpt"

    @property
    def best(self) -> Path:
        """Where the best checkpoint lies, once there is one."""
        return self._folder / "best.ckpt"

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Files go under the run directory."""
        self._folder = Path(trainer.default_root_dir) / "checkpoints"

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Save between validations, if asked to."""
        step = trainer.global_step
        due = self.every_n_train_steps and step % self.every_n_train_steps == 0
        if due and step != self._saved_step and not _dry(trainer):
            self._save(trainer, best=False)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save what was just measured."""
        if trainer.sanity_checking or trainer.state.fn != "fit" or _dry(trainer):
            return
        self._save(trainer, best=self._improved(trainer))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save an epoch that was not validated."""
        if trainer.global_step != self._saved_step and not _dry(trainer):
            self._save(trainer, best=not _validates(trainer))

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run must know."""
        return {"best_score": self.best_score, "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on comparing with the best of the run that was interrupted."""
        self.best_score, self.best_step = state_dict["best_score"], state_dict["best_step"]

    def _improved(self, trainer: pl.Trainer) -> bool:
        value = trainer.callback_metrics.get(self.monitor)
        score = float("nan") if value is None else float(value)
        if self.best_score is not None:
            sign = 1 if self.mode == "max" else -1
            if not sign * score >= sign * self.best_score:
                return False
        if not math.isnan(score):  # a metric that is undefined on this split leaves the last as the best
            self.best_score, self.best_step = score, trainer.global_step
        return True

    def _save(self, trainer: pl.Trainer, best: bool) -> None:
        trainer.save_checkpoint(self.last)
        self._saved_step = trainer.global_step
        if best or self.best_score is None:
            _same_file(self.last, self.best)


def _validates(trainer: pl.Trainer) -> bool:
    return bool(sum(map(float, trainer.num_val_batches or [])))


def _dry(trainer: pl.Trainer) -> bool:
    return bool(trainer.fast_dev_run)  # type: ignore[attr-defined]


@rank_zero_only
def _same_file(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, at once or not at all."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(source, partial)
    except OSError:  # filesystems without hard links
        if source.is_dir():  # sharded checkpoints are folders
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
            return
        shutil.copy2(source, partial)
    partial.replace(target)


class DurableCheckpointIO(CheckpointIO):
    """Write to a temporary name beside the target, flush to disk, rename.

    Lightning writes through a temporary folder that may lie on another filesystem, where a move is
    a copy and a kill leaves half a file under the final name.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any | None = None
    ) -> None:
        """Save `checkpoint`; after a kill at any moment `path` is the old file or the new one."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def load_checkpoint(
        self, path: str | os.PathLike[str], map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Load tensors and plain values; code in a checkpoint is never run."""
        return load_checkpoint(Path(path), map_location)

    def remove_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Delete a checkpoint that has been superseded."""
        Path(path).unlink(missing_ok=True)
