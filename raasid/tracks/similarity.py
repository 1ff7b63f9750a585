"""How unlike persons of one frame and persons of the next are: by place, overlap, pose, size and shirt.

The persons seen in one frame, before anybody says who is who.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.footage.keypoints import COUNT
from raasid.geometry import iou_xywh

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """K persons; pixels of the source frame.

    boxes: (K, 4) left, top, width, height. score: (K,) in [0, 1]. joints: (K, 17, 3) x, y and confidence, 0
    where there is none. kits: (K, 3) colour of the shirt in CIE Lab, NaN where it could not be seen.
    """

    boxes: Floats
    score: Floats
    joints: Floats
    kits: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def of_boxes(cls, boxes: Sequence[tuple[float, float, float, float]]) -> Sightings:
        """Sure sightings of which only the boxes are known."""
        count = len(boxes)
        return cls(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.ones(count, np.float32),
            np.zeros((count, COUNT, 3), np.float32),
            np.full((count, 3), np.nan, np.float32),
        )

    @classmethod
    def stacked(cls, parts: Sequence[Sightings]) -> Sightings:
        """One after the other."""
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.score for part in parts]),
            np.concatenate([part.joints for part in parts]),
            np.concatenate([part.kits for part in parts]),
        )

    def rows(self, rows: NDArray[np.int64]) -> Sightings:
        """Some of them, in the order of `rows`."""
        return Sightings(self.boxes[rows], self.score[rows], self.joints[rows], self.kits[rows])

    @property
    def feet(self) -> Floats:
        """(K, 2) middle of the lower edges."""
        return self.boxes[:, :2] + self.boxes[:, 2:] * np.array([0.5, 1.0], np.float32)


Bools = NDArray[np.bool_]
_SURE = 0.2
"""Confidence from which a joint is compared."""
_FEWEST_JOINTS = 4
_JOINT_SIGMA = 0.08
"""Of a person's height: joints that far apart are 0.6 alike."""
_UNLIKE_SHIRT = 50.0
"""Distance in CIE Lab from which shirts are simply other shirts."""
_UNKNOWN_SHIRT = 0.3


def unlikeness(before: Sightings, now: Sightings, reach: Floats) -> tuple[Floats, Bools]:
    """Return (M, N) costs, near 0 for the same person, and whether each pair is possible at all.

    before: where people are expected by now. reach: (M,) how many of his own heights somebody may be away
    from there. Feet and heads are both asked for: whoever stands half behind others keeps one of them. Of
    somebody at the edge of the picture, wider than tall, the width stands for the height.
    """
    tall_before, tall_now = (np.maximum(s.boxes[:, 2:].max(axis=1), 1.0) for s in (before, now))
    heights = np.maximum(tall_before[:, None], tall_now[None])
    heads_before = before.feet - before.boxes[:, 3:] * np.array([0, 1], np.float32)
    heads_now = now.feet - now.boxes[:, 3:] * np.array([0, 1], np.float32)
    apart = np.minimum(_apart(before.feet, now.feet), _apart(heads_before, heads_now)) / heights
    place = apart / reach[:, None]
    sizes = np.abs(np.log(tall_before[:, None] / tall_now[None]))
    pose = _unlike_pose(before.joints, now.joints, heights)
    shirt = np.linalg.norm(before.kits[:, None] - now.kits[None], axis=2) / _UNLIKE_SHIRT
    shirt = np.where(np.isnan(shirt), _UNKNOWN_SHIRT, np.minimum(shirt, 1.0))
    cost = place + (1 - iou_xywh(before.boxes, now.boxes)) + 0.5 * pose + 0.7 * shirt + 0.5 * sizes
    return np.asarray(cost, np.float32), np.asarray(place < 1)


def _apart(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.linalg.norm(a[:, None] - b[None], axis=2))


def _unlike_pose(before: Floats, now: Floats, heights: Floats) -> Floats:
    """1 - OKS with one sigma for all joints; 0.5 where too few are known."""
    both = (before[:, None, :, 2] >= _SURE) & (now[None, :, :, 2] >= _SURE)
    gaps = np.linalg.norm(before[:, None, :, :2] - now[None, :, :, :2], axis=3) / heights[..., None]
    alike = np.exp(-((gaps / _JOINT_SIGMA) ** 2) / 2) * both
    count = both.sum(axis=2)
    mean = alike.sum(axis=2) / np.maximum(count, 1)
    return np.asarray(np.where(count >= _FEWEST_JOINTS, 1 - mean, 0.5), np.float32)
