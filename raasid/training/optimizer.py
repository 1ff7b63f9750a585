"""Build the configured optimiser and learning-rate schedule; step plateau schedules after validations."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from raasid.config.build import build
from raasid.config.section import ClassSection
from raasid.errors import UsageError

_NEVER = sys.maxsize
"""Epochs between two steps that Lightning takes with a plateau schedule: `PlateauSchedule` takes them."""


class ConfiguredOptimization:
    """Build optimiser and schedule when Lightning asks for them; `scheduler.kind` selects the curve.

    Biases and normalisation parameters have no weight decay: their scale adds no complexity
    (Goyal et al. 2017).
    """

    def __init__(self, optimizer: ClassSection, scheduler: Any) -> None:
        self._optimizer, self._scheduler = optimizer, scheduler

    def configure(self, module: pl.LightningModule, total_steps: int) -> dict[str, Any]:
        """Return the value of `configure_optimizers`.

        Curves are stepped with the optimiser, a plateau schedule at the end of each validation.
        """
        optimizer: torch.optim.Optimizer = build(self._optimizer, params=_parameter_groups(module))
        s = self._scheduler
        if s.kind == "plateau":
            plateau = ReduceLROnPlateau(optimizer, mode=s.mode, factor=s.factor, patience=s.patience)
            schedule = {"scheduler": plateau, "monitor": s.monitor, "frequency": _NEVER}
            return {"optimizer": optimizer, "lr_scheduler": schedule}
        if s.kind == "constant":
            factor = constant_with_warmup(total_steps, s.warmup)
        else:
            curve = one_cycle if s.kind == "one_cycle" else cosine
            factor = curve(total_steps, s.warmup, s.final)
        scheduler = LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


class PlateauSchedule(pl.Callback):
    """Step a plateau schedule at the end of each validation, which is where its metric is logged.

    Lightning would step it after each epoch, validated or not. Checkpoints are written later in the same
    hook, so that a resumed run continues with the same learning rate.
    """

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Pass the monitored value to the schedule. Raises UsageError if the validation did not log it."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        for config in trainer.lr_scheduler_configs:
            if not (config.reduce_on_plateau and config.frequency == _NEVER):
                continue
            value = trainer.callback_metrics.get(str(config.monitor))
            if value is None:
                logged = ", ".join(sorted(n for n in trainer.callback_metrics if n.startswith("val/")))
                raise UsageError(
                    f"scheduler.monitor: validation logs no metric {config.monitor!r}; "
                    f"choose one of {logged or 'those that it logs (none)'}"
                )
            config.scheduler.step(float(value))  # type: ignore[arg-type]


def _parameter_groups(module: nn.Module) -> list[dict[str, Any]]:
    trained = [p for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1]},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def one_cycle(total_steps: int, warmup: float, final: float) -> Callable[[int], float]:
    """Cosine from 1/25 up to 1 over `warmup` (a fraction of all steps), then cosine down to `final`.

    Source: Smith and Topin 2018, with the cosine form that torch's OneCycleLR uses.
    """
    peak = max(1, round(warmup * total_steps))

    def factor(step: int) -> float:
        if step < peak:
            return _cosine(1 / 25, 1.0, step / peak)
        return _cosine(1.0, final, (step - peak) / max(1, total_steps - peak))

    return factor


def cosine(total_steps: int, warmup: float, final: float) -> Callable[[int], float]:
    """Linear warm-up from 0, then cosine decay to `final` (Loshchilov and Hutter 2017)."""
    peak = round(warmup * total_steps)

    def factor(step: int) -> float:
        if step < peak:
            return (step + 1) / peak
        return _cosine(1.0, final, (step - peak) / max(1, total_steps - peak))

    return factor


def constant_with_warmup(total_steps: int, warmup: float) -> Callable[[int], float]:
    """Linear warm-up from 0, then 1."""
    peak = round(warmup * total_steps)
    return lambda step: min(1.0, (step + 1) / peak) if peak else 1.0


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, max(0.0, progress)))) / 2
