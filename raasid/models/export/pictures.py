"""Ports of nets that look at pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from raasid.models.export.graph import Port, Tensors

BOXES = Port(
    "boxes",
    ("batch", "candidates", 4),
    "centre x, centre y, width, height as fractions of the picture's width and height",
)
SCORES = Port("scores", ("batch", "candidates"), "confidence, 0 to 1; falling, 0 for no candidate")


def image_port(frames: int = 1) -> Port:
    """Pictures as a decoder gives them."""
    meaning = "red, green, blue of 0 to 255; normalised and padded inside"
    if frames > 1:
        meaning += (
            f"; {frames} frames in a row side by side in the last axis, the one asked about in the middle"
        )
    return Port("images", ("batch", "height", "width", 3 * frames), meaning, "uint8")


def fractions(places: Tensor, images: Tensor) -> Tensor:
    """Pixels of (B, H, W, C) pictures, x and y in turn in the last axis, as fractions of W and H."""
    edges = [torch.as_tensor(images.shape[axis], dtype=places.dtype) for axis in (2, 1)]
    return places / torch.stack(edges * (places.shape[-1] // 2))


def pictures(batch: Any) -> Tensors:
    """Whole frames of a batch."""
    return (batch.images,)
