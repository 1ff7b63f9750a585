"""Base class of all models, and the interface by which training gives them an optimiser."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import lightning.pytorch as pl
from torch import nn

from raasid.tasks import TaskName


class Optimization(Protocol):
    """Builds optimiser and schedule once the number of steps is known."""

    def configure(self, module: pl.LightningModule, total_steps: int) -> dict[str, Any]:
        """Return a value of `LightningModule.configure_optimizers`."""
        ...


class TaskModule(pl.LightningModule):
    """A LightningModule for one of the three tasks.

    Its checkpoints hold the run's configuration, so that evaluation needs nothing but the file.
    """

    task: ClassVar[TaskName]
    trainable: ClassVar[bool] = True
    """False for rules and external models that are only measured."""
    optimization: Optimization | None = None
    """Set by `fit`; a model that is only evaluated needs none."""
    config: dict[str, Any] | None = None
    """The run's configuration as plain values; set by `fit`, kept in every checkpoint."""

    def configure_optimizers(self) -> Any:
        """Build the optimiser and schedule of `fit`."""
        if self.optimization is None:
            return None
        return self.optimization.configure(self, int(self.trainer.estimated_stepping_batches))

    @property
    def embedding_layer(self) -> nn.Module | None:
        """The layer whose output, averaged over its positions, is the embedding of a sample.

        It gives one output (B, C, …) for the B samples of a batch, in their order. None: the model has none.
        """
        return None

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the run's configuration."""
        checkpoint["config"] = self.config

    def log_loss_terms(self, terms: dict[str, Any], batch_size: int) -> None:
        """Log the terms of a training loss and their sum every `log_every_n_steps`, the mean over ranks."""
        if (self.trainer.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            logged = {f"train/{name}": value.detach() for name, value in terms.items()}
            total = sum(logged.values())
            self.log_dict({"train/loss": total, **logged}, batch_size=batch_size, sync_dist=True)
