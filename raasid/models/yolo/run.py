"""What the library's nets are given, and how long it thinks that a run will be."""

from __future__ import annotations

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.nn import functional as F

UNENDING = 100
"""Epochs that the loss's schedule assumes where the run names no end (the library's own default)."""


def padded_input(images: Tensor, granularity: int) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, h, w) in [0, 1], padded with black to whole cells."""
    height, width = images.shape[1:3]
    x = images.permute(0, 3, 1, 2).float().div(255)
    pad = (-width % granularity, -height % granularity)
    # an exported graph pads pictures of any size
    padded = torch.onnx.is_in_onnx_export() or any(pad)
    return F.pad(x, (0, pad[0], 0, pad[1])) if padded else x


def epochs_of(trainer: pl.Trainer) -> int:
    """How many epochs a run has: the loss shifts its weights over them."""
    if trainer.max_epochs is not None and trainer.max_epochs > 0:
        return trainer.max_epochs
    if trainer.max_steps > 0:
        per_epoch = trainer.num_training_batches / trainer.accumulate_grad_batches
        return max(1, round(trainer.max_steps / per_epoch))
    return UNENDING
