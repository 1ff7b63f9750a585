"""A ball is as large as the players next to it allow: white shirts and heads are not."""

from __future__ import annotations

import numpy as np

from raasid.models.ball.detections import Array, Detections

LARGEST = 0.3
"""Heights of the next player. At his place a ball is 0.12 of them, and seldom twice as near to the camera."""


def small_enough(found: Detections, boxes: Array) -> Detections:
    """Leave out candidates whose smaller side is more than that; motion blur makes only the other one grow.

    boxes: (K, 4) left, top, width, height of the people in the same frame and pixels; without any, every
    candidate stays.
    """
    if not len(boxes) or not len(found.score):
        return found
    outside = np.maximum(
        np.maximum(boxes[:, :2] - found.xy[:, None], found.xy[:, None] - boxes[:, :2] - boxes[:, 2:]), 0
    )
    next_to = np.linalg.norm(outside, axis=2).argmin(1)
    kept = found.wh.min(1) <= LARGEST * boxes[next_to, 3]
    return Detections(found.xy[kept], found.wh[kept], found.score[kept])
