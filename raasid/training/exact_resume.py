"""Exact resume: random generators, `metrics.csv` and the data, which Lightning does not look after."""

from __future__ import annotations

import random
from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch

from raasid.datasets.datamodule import TaskDataModule
from raasid.errors import UsageError
from raasid.training.lineage import data_facts
from raasid.training.metrics_csv import MetricsCsv


class DataChanged(UsageError):
    """A run that was to be resumed began on other data."""

    def __init__(self, before: dict[str, str], now: dict[str, str]) -> None:
        differing = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        rows = "\n".join(
            f"  {key}: {now.get(key, 'none')} now, {before.get(key, 'none')} then" for key in differing
        )
        super().__init__(
            f"ckpt_path: the data is not what this run began on:\n{rows}\n"
            "name the same data (of a store, data.dataset=NAME@DIGEST), "
            "or start a new training from the weights: model.init_from=FILE"
        )


class ExactResume(pl.Callback):
    """Saves the random generators in checkpoints, and truncates `metrics.csv` to the resumed step.

    Samplers and augmentations here are keyed and need no state; dropout and users' models do. Checkpoints
    also hold the digests of the data, and a run that is resumed on other data is refused.
    """

    _state: dict[str, Any] | None = None
    _validation_due = False
    _data: dict[str, str] | None = None
    _data_before: dict[str, str] | None = None

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the state of torch's, numpy's and Python's generators, and the digests of the data."""
        checkpoint["data"] = self._data
        name, keys, position, has_gauss, cached = _numpy_state()
        version, internal, gauss = random.getstate()
        checkpoint["random_state"] = {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "numpy": [name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached],
            "python": [version, list(internal), gauss],
        }

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Store the state until the first step: set-up still draws random numbers."""
        self._data_before = checkpoint.get("data")
        self._state = checkpoint.get("random_state")
        self._validation_due = bool(checkpoint.get("validation_due"))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the generators and drop logged rows that will be logged again. Raises DataChanged."""
        self._data = _data_identity(trainer)
        if self._data is not None and self._data_before is not None and self._data != self._data_before:
            raise DataChanged(self._data_before, self._data)
        if self._state is None:
            return
        torch.set_rng_state(self._state["torch"].cpu())
        if self._state["cuda"] and len(self._state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([state.cpu() for state in self._state["cuda"]])
        name, keys, position, has_gauss, cached = self._state["numpy"]
        np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))  # noqa: NPY002
        version, internal, gauss = self._state["python"]
        random.setstate((version, tuple(internal), gauss))
        self._state = None
        for logger in trainer.loggers:
            if isinstance(logger, MetricsCsv):
                logger.resume_at(trainer.global_step, self._validation_due)


def _data_identity(trainer: pl.Trainer) -> dict[str, str] | None:
    """Return the digests of labels and media, and the stored version; None for a user's own datamodule."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    if not isinstance(data, TaskDataModule):
        return None
    facts = data_facts(data)
    return {key: facts[key] for key in ("dataset", "labels_sha256", "media_sha256") if key in facts}


def _numpy_state() -> tuple[str, Any, int, int, float]:
    return cast("tuple[str, Any, int, int, float]", np.random.get_state(legacy=True))  # noqa: NPY002
