"""The optimiser and schedule that the configuration asks for."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from raasid.config import Section
from raasid.config.build import build
from raasid.training import schedule


class ConfiguredOptimization:
    """Builds both when Lightning asks; `scheduler.kind` chooses the curve.

    Weight decay spares biases and the parameters of normalisation, whose scale carries no complexity
    (Goyal et al. 2017).
    """

    def __init__(self, optimizer: Section, scheduler: Any) -> None:
        self._optimizer, self._scheduler = optimizer, scheduler

    def configure(self, module: pl.LightningModule, total_steps: int) -> dict[str, Any]:
        """Return what `configure_optimizers` returns; the rate is stepped after every step."""
        optimizer: torch.optim.Optimizer = build(self._optimizer, params=_parameter_groups(module))
        s = self._scheduler
        if s.kind == "plateau":
            plateau = ReduceLROnPlateau(optimizer, mode=s.mode, factor=s.factor, patience=s.patience)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": s.monitor}}
        if s.kind == "constant":
            factor = schedule.constant(total_steps, s.warmup)
        else:
            curve = schedule.one_cycle if s.kind == "one_cycle" else schedule.cosine
            factor = curve(total_steps, s.warmup, s.final)
        scheduler = LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def _parameter_groups(module: nn.Module) -> list[dict[str, Any]]:
    trained = [p for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1]},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
