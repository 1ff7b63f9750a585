"""Exact resume: random generators and `metrics.csv`, which Lightning does not restore."""

from __future__ import annotations

import random
from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch

from raasid.training.metrics_csv import MetricsCsv


class ExactResume(pl.Callback):
    """Saves the random generators in checkpoints, and truncates `metrics.csv` to the resumed step.

    Samplers and augmentations here are keyed and need no state; dropout and users' models do.
    """

    _state: dict[str, Any] | None = None
    _validation_due = False

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add the state of torch's, numpy's and Python's generators."""
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
        self._state = checkpoint.get("random_state")
        self._validation_due = bool(checkpoint.get("validation_due"))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the generators and drop logged rows that will be logged again."""
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


def _numpy_state() -> tuple[str, Any, int, int, float]:
    return cast("tuple[str, Any, int, int, float]", np.random.get_state(legacy=True))  # noqa: NPY002
