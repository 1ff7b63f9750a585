"""Write `RUN/checkpoints/{best,last}.ckpt` atomically."""

from __future__ import annotations

import math
import os
import shutil
import time
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint as LightningCheckpoint
from lightning.pytorch.plugins.io import CheckpointIO
from lightning.pytorch.utilities import rank_zero_only

from raasid.io.atomic import StagedFolder, atomic_path
from raasid.io.disk_full import naming_full_disk
from raasid.io.object_store import link_or_copy
from raasid.models.checkpoints import load_checkpoint


class Checkpoint(LightningCheckpoint):
    """Keep the last checkpoint and the best.

    `last.ckpt` is written after every validation, after every epoch without one, and, if set, every
    `every_n_train_steps` and when the last one is `every_n_minutes` old. After a validation `best.ckpt`
    becomes the same file if the monitored value is no worse than the best so far. Equal values replace it: on
    a small selection split many models tie, and the longer trained one is more likely to be better. Before
    the first validation the last is the best.
    Both files keep their names, so that scripts find them.

    monitor: a logged metric. Without a selection split it is never logged, and the last is the best.
    """

    def __init__(
        self,
        monitor: str = "val/detection_rate",
        mode: Literal["max", "min"] = "max",
        every_n_train_steps: int | None = None,
        every_n_minutes: float | None = None,
    ) -> None:
        self.monitor, self.mode = monitor, mode
        self.every_n_train_steps, self.every_n_minutes = every_n_train_steps, every_n_minutes
        self.best_score: float | None = None
        self.best_step: int | None = None
        self._saved_step, self._saved_at = -1, time.monotonic()
        self._validation_due = self._repeats_validation = False
        self._folder = Path()

    @property
    def last(self) -> Path:
        """Path of the newest checkpoint."""
        return self._folder / "last.ckpt"

    @property
    def best(self) -> Path:
        """Path of the best checkpoint."""
        return self._folder / "best.ckpt"

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Set the folder below the run directory, and begin to count the minutes."""
        self._saved_at = time.monotonic()
        self._folder = Path(trainer.default_root_dir) / "checkpoints"

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Save every `every_n_train_steps` and `every_n_minutes`, if set."""
        steps = self.every_n_train_steps
        due = steps is not None and trainer.global_step % steps == 0
        if self.every_n_minutes is not None and not due:  # by the clock of any rank: they save together
            old = time.monotonic() - self._saved_at > 60 * self.every_n_minutes
            due = trainer.strategy.reduce_boolean_decision(old, all=False)
        if due and can_resume_here(trainer):
            self.save_now(trainer)

    def save_now(self, trainer: pl.Trainer) -> None:
        """Save `last.ckpt` after a step or within a validation, if the step is not saved yet."""
        if trainer.global_step == self._saved_step or _is_dry_run(trainer):
            return
        self._validation_due = trainer.validating or _validation_follows(trainer)
        if not trainer.validating:  # Lightning would log the step after this hook, and a kill lose its row
            trainer._logger_connector.update_train_step_metrics()
        try:
            self._save(trainer, best=False)
        finally:
            self._validation_due = False

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the validated model."""
        if trainer.sanity_checking or trainer.state.fn != "fit" or _is_dry_run(trainer):
            return
        self._save(trainer, best=self._improved(trainer))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save an epoch that was not validated."""
        if trainer.global_step != self._saved_step and not _is_dry_run(trainer):
            self._save(trainer, best=not _validates(trainer))

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far, for a resumed run."""
        return {"best_score": self.best_score, "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best value of the interrupted run."""
        self.best_score, self.best_step = state_dict["best_score"], state_dict["best_step"]

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Record whether the validation of this step is still to come."""
        checkpoint["validation_due"] = self._validation_due

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Let the resumed run repeat a validation that the checkpoint was saved before or in.

        Lightning would skip it, or continue in its middle with the metrics of the rest alone.
        """
        self._repeats_validation = bool(checkpoint.get("validation_due"))
        if self._repeats_validation:
            loops = checkpoint["loops"]["fit_loop"]
            batches = loops["epoch_loop.batch_progress"]
            for count in (batches["total"], batches["current"]):
                count["completed"] = count["processed"]
            validation = loops["epoch_loop.val_loop.batch_progress"]
            done = validation["total"]["completed"]
            # one batch begun and none done is what Lightning takes for an interrupted validation
            validation["total"] |= {"ready": done + 1, "started": done + 1, "processed": done}
            validation["current"] = dict.fromkeys(validation["current"], 0)
            validation["is_last_batch"] = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the batch back that `on_load_checkpoint` called begun: Lightning has seen it now.

        Else the next checkpoint would tell of an interrupted validation, too.
        """
        if self._repeats_validation:
            total: Any = trainer.fit_loop.epoch_loop.val_loop.batch_progress.total
            total.ready = total.started = total.completed
            self._repeats_validation = False

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
        self._saved_step, self._saved_at = trainer.global_step, time.monotonic()
        if best or self.best_score is None:
            _link(self.last, self.best)


def can_resume_here(trainer: pl.Trainer) -> bool:
    """Whether a run can be resumed exactly from a checkpoint of this moment, the end of a batch.

    Not while gradients accumulate, which no checkpoint holds; and not at the end of an epoch without a
    validation, where Lightning would leave out what callbacks do when an epoch ends.
    """
    loop = trainer.fit_loop.epoch_loop
    ends_epoch = loop._num_ready_batches_reached()
    return not loop._should_accumulate() and (not ends_epoch or _validation_follows(trainer))


def _validation_follows(trainer: pl.Trainer) -> bool:
    loop = trainer.fit_loop
    assert loop._data_fetcher is not None
    return _validates(trainer) and loop.epoch_loop._should_check_val_fx(loop._data_fetcher)


def _validates(trainer: pl.Trainer) -> bool:
    return bool(sum(map(float, trainer.num_val_batches or [])))


def _is_dry_run(trainer: pl.Trainer) -> bool:
    return bool(trainer.fast_dev_run)  # type: ignore[attr-defined]


@rank_zero_only
def _link(source: Path, target: Path) -> None:
    """Make `target` a hard link to `source`, or a copy, atomically."""
    with StagedFolder(target.parent, target.name) as staged, naming_full_disk(target.parent, target.name):
        copy = staged.path / target.name
        if source.is_dir():  # sharded checkpoints are folders
            shutil.copytree(source, copy)
            shutil.rmtree(target, ignore_errors=True)
        else:
            link_or_copy(source, copy)
        copy.replace(target)


class AtomicCheckpointIO(CheckpointIO):
    """Write checkpoints under a temporary name in the same folder, flush them to disk, and rename them.

    Lightning writes through a temporary folder that may be on another filesystem, where a move is a copy and
    a kill leaves a truncated file under the final name.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any | None = None
    ) -> None:
        """Save `checkpoint`; after a kill at any moment `path` is the old file or the new one.

        Raises DiskFull; `path` is then the old file.
        """
        # torch stores the name of a path in the file, but not that of an open file
        with atomic_path(Path(path), _num_bytes(checkpoint)) as temporary, temporary.open("wb") as file:
            torch.save(checkpoint, file)

    def load_checkpoint(
        self, path: str | os.PathLike[str], map_location: Any | None = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Load tensors and plain values; code in a checkpoint is never executed."""
        return load_checkpoint(Path(path), map_location)

    def remove_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Delete a checkpoint."""
        Path(path).unlink(missing_ok=True)


def _num_bytes(values: Any) -> int:
    """Count the bytes of all tensors in a tree of plain values."""
    if isinstance(values, torch.Tensor):
        return values.nbytes
    if isinstance(values, dict):
        return sum(map(_num_bytes, values.values()))
    return sum(map(_num_bytes, values)) if isinstance(values, list | tuple) else 0
