"""How a model asks for its optimiser: a promise that training keeps."""

from __future__ import annotations

from typing import Any, Protocol

import lightning.pytorch as pl


class Optimization(Protocol):
    """Builds the optimiser and its schedule once the number of steps is known."""

    def configure(self, module: pl.LightningModule, total_steps: int) -> dict[str, Any]:
        """Return what `LightningModule.configure_optimizers` may return."""
        ...
