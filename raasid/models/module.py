"""What every model of ours is to the rest of the house.

How a model asks for its optimiser: a promise that training keeps.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import lightning.pytorch as pl

from raasid.tasks import TaskName


class Optimization(Protocol):
    """Builds the optimiser and its schedule once the number of steps is known."""

    def configure(self, module: pl.LightningModule, total_steps: int) -> dict[str, Any]:
        """Return what `LightningModule.configure_optimizers` may return."""
        ...


class TaskModule(pl.LightningModule):
    """A LightningModule for one of the three tasks; the task brings data, metrics and report.

    A checkpoint carries the run's configuration, so that evaluation needs nothing but the file.
    """

    task: ClassVar[TaskName]
    trainable: ClassVar[bool] = True
    """False for rules and foreign models that are only measured."""
    optimization: Optimization | None = None
    """How to step; set by `fit`. A model that is only evaluated needs none."""
    config: dict[str, Any] | None = None
    """The run's configuration as plain values; set by `fit`, kept in every checkpoint."""

    def configure_optimizers(self) -> Any:
        """Build what `fit` asked for, now that the number of steps is known."""
        if self.optimization is None:
            return None
        return self.optimization.configure(self, int(self.trainer.estimated_stepping_batches))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the configuration with the weights."""
        checkpoint["config"] = self.config

    def log_loss_terms(self, terms: dict[str, Any], batch_size: int) -> None:
        """Log the terms of a training loss and their sum every so often; the mean over all ranks."""
        if (self.trainer.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            logged = {f"train/{name}": value.detach() for name, value in terms.items()}
            total = sum(logged.values())
            self.log_dict({"train/loss": total, **logged}, batch_size=batch_size, sync_dist=True)
