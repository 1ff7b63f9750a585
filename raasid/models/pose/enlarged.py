"""Bilinear enlarging by whole numbers until the last step, so that every runtime agrees on the places."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def enlarged(planes: Tensor, height: Any, width: Any) -> Tensor:
    """(B, C, H, W) -> (B, C, height, width), as `interpolate` without antialiasing and aligned corners.

    `interpolate` and ONNX's Resize find a pixel's place in 32 bits, each by a formula of its own: at column
    600 that is 6e-5 of a pixel, which a sharp edge of 255 turns into 0.01.
    height, width: tensors while traced.
    """
    low, high, part = _places(planes, planes.shape[3], width)
    rows = planes.reshape(-1, planes.shape[3])  # in two dimensions columns are chosen ten times as fast
    rows = rows.index_select(1, low).lerp(rows.index_select(1, high), part)
    wide = rows.reshape(planes.shape[0], planes.shape[1], planes.shape[2], -1)
    low, high, part = _places(planes, planes.shape[2], height)
    return wide.index_select(2, low).lerp(wide.index_select(2, high), part[:, None])


def _places(planes: Tensor, edge: Any, length: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Per new pixel: the old ones before and behind it, and how far it lies from the one before (0 to 1)."""
    # (2 i + 1) edge / (2 length) - 1/2 is where pixel i comes from; here times 2 length
    place = ((2 * torch.arange(length, device=planes.device) + 1) * edge - length).clamp(min=0)
    low = torch.div(place, 2 * length, rounding_mode="floor")
    part = (place - low * (2 * length)).to(planes.dtype) / (2 * length)
    return low, (low + 1).clamp(max=edge - 1), part
