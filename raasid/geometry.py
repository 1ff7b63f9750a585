"""Intersection over union of boxes, on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Floating point; results have the type of the arguments."""


def iou_xywh(first: Array, second: Array) -> Array:
    """Return (M, N) intersections over union of (M, 4) and (N, 4) boxes: left, top, width, height.

    0 where a union has no area.
    """
    return _iou(
        (first[:, :2], first[:, :2] + first[:, 2:], first[:, 2:]),
        (second[:, :2], second[:, :2] + second[:, 2:], second[:, 2:]),
    )


def iou_xyxy(first: Array, second: Array) -> Array:
    """As `iou_xywh`, of boxes given as left, top, right, bottom."""
    return _iou(
        (first[:, :2], first[:, 2:], first[:, 2:] - first[:, :2]),
        (second[:, :2], second[:, 2:], second[:, 2:] - second[:, :2]),
    )


def iou_xyxy_xywh(first: Array, second: Array) -> Array:
    """As `iou_xywh`, of (M, 4) corners with (N, 4) boxes, without rounding either to the other form."""
    return _iou(
        (first[:, :2], first[:, 2:], first[:, 2:] - first[:, :2]),
        (second[:, :2], second[:, :2] + second[:, 2:], second[:, 2:]),
    )


Sides = tuple[Array, Array, Array]
"""Near corners, far corners and edge lengths, each (N, 2)."""


def _iou(first: Sides, second: Sides) -> Array:
    near = np.maximum(first[0][:, None], second[0][None])
    far = np.minimum(first[1][:, None], second[1][None])
    shared = np.clip(far - near, 0, None).prod(axis=2)
    union = first[2].prod(axis=1)[:, None] + second[2].prod(axis=1)[None] - shared
    covers = union > 0
    return np.asarray(np.where(covers, shared / np.where(covers, union, 1), 0))
