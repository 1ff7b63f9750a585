"""Exponential moving average of the weights, which is evaluated and saved instead of the raw weights."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor


class Ema(pl.Callback):
    """Average the weights over steps; validate, test and save the average.

    The decay rises with the number of steps n as min(decay, n / (n + 10)), so that short runs are not stored
    back by their random initialisation (as with TensorFlow's `num_updates`).
    In a checkpoint `state_dict` holds the average, which evaluation loads, and `raw_state_dict` the raw
    weights, for an exact resume.
    """

    def __init__(self, decay: float = 0.99) -> None:
        self.decay = decay
        self.steps = 0
        self._average: dict[str, Tensor] | None = None
        self._pairs: tuple[list[Tensor], list[Tensor]] | None = None
        self._swapped = False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Initialise the average with the module's weights, or with the checkpoint's average."""
        live = pl_module.state_dict()
        if self._average is None:
            self._average = {name: value.detach().clone() for name, value in live.items()}
        self._average = {name: value.to(live[name].device) for name, value in self._average.items()}
        floating = [name for name, value in live.items() if value.is_floating_point()]
        self._pairs = [self._average[n] for n in floating], [live[n] for n in floating]

    @torch.no_grad()
    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Move the average towards the weights, once per optimiser step."""
        if trainer.global_step == self.steps or self._pairs is None:
            return
        self.steps = trainer.global_step
        decay = min(self.decay, self.steps / (self.steps + 10))
        torch._foreach_lerp_(*self._pairs, 1 - decay)

    @torch.no_grad()
    def _swap(self) -> None:
        if self._pairs is None:
            return
        average, live = self._pairs
        stored = [value.clone() for value in average]
        torch._foreach_copy_(average, live)
        torch._foreach_copy_(live, stored)
        self._swapped = not self._swapped

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Validate the average."""
        self._swap()

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the raw weights."""
        if self._swapped:
            self._swap()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the average in the module."""
        if not self._swapped:
            self._swap()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Restore the raw weights after an interrupted validation, before a checkpoint is saved."""
        if self._swapped:
            self._swap()

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save the averaged weights as `state_dict`, the raw ones as `raw_state_dict`."""
        if self._average is None:
            return
        in_module = checkpoint["state_dict"]
        counters = {n: v for n, v in in_module.items() if not v.is_floating_point()}
        in_callback = {name: value.clone() for name, value in self._average.items()} | counters
        raw, average = (in_callback, in_module) if self._swapped else (in_module, in_callback)
        checkpoint["raw_state_dict"], checkpoint["state_dict"] = raw, average
        checkpoint["ema_steps"] = self.steps

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore both. For a checkpoint without an average, start one from its weights."""
        self._average = {name: value.clone() for name, value in checkpoint["state_dict"].items()}
        self.steps = int(checkpoint.get("ema_steps", checkpoint.get("global_step", 0)))
        if "raw_state_dict" in checkpoint:
            pl_module.load_state_dict(checkpoint["raw_state_dict"])
