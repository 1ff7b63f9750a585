"""Detected persons of one frame as arrays, and the cost of matching them with those of another frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.geometry import iou_xywh

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
_MIN_JOINT_CONFIDENCE = 0.2
_MIN_JOINTS = 4
"""Joints that both poses must have to be compared."""
_JOINT_SIGMA = 0.08
"""As a share of a person's height: joints that far apart have a similarity of 0.6."""
_MAX_SHIRT_DISTANCE = 50.0
"""Distance in CIE Lab from which shirts count as entirely different."""
_UNKNOWN_SHIRT_COST = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class PersonDetections:
    """K persons, in pixels of the source frame.

    boxes: (K, 4) left, top, width, height. score: (K,) in [0, 1]. joints: (K, 17, 3) x, y and confidence, 0
    if unknown. shirts: (K, 3) shirt color in CIE Lab, NaN if unknown.
    """

    boxes: Floats
    score: Floats
    joints: Floats
    shirts: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def of_boxes(cls, boxes: Sequence[tuple[float, float, float, float]]) -> PersonDetections:
        """Return detections with score 1 of which only the boxes are known."""
        count = len(boxes)
        return cls(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.ones(count, np.float32),
            np.zeros((count, NUM_KEYPOINTS, 3), np.float32),
            np.full((count, 3), np.nan, np.float32),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[PersonDetections]) -> PersonDetections:
        """Join detections, one part after the other."""
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.score for part in parts]),
            np.concatenate([part.joints for part in parts]),
            np.concatenate([part.shirts for part in parts]),
        )

    def rows(self, rows: NDArray[np.int64]) -> PersonDetections:
        """Select persons, in the order of `rows`."""
        return PersonDetections(self.boxes[rows], self.score[rows], self.joints[rows], self.shirts[rows])

    @property
    def feet(self) -> Floats:
        """(K, 2) middle of the lower edges."""
        return self.boxes[:, :2] + self.boxes[:, 2:] * np.array([0.5, 1.0], np.float32)


def association_cost(
    expected: PersonDetections, detected: PersonDetections, reach: Floats
) -> tuple[Floats, Bools]:
    """Return (M, N) costs, near 0 for the same person, and whether each pair is possible at all.

    expected: persons at the positions where they are expected. reach: (M,) largest distance from there, in
    the person's own heights. The smaller distance of feet and heads counts, because a half-hidden person
    keeps one of them. The width stands for the height of boxes wider than tall, as at the image's edge.
    """
    tall_expected, tall_detected = (np.maximum(s.boxes[:, 2:].max(axis=1), 1.0) for s in (expected, detected))
    heights = np.maximum(tall_expected[:, None], tall_detected[None])
    heads_expected = expected.feet - expected.boxes[:, 3:] * np.array([0, 1], np.float32)
    heads_detected = detected.feet - detected.boxes[:, 3:] * np.array([0, 1], np.float32)
    apart = np.minimum(_distance(expected.feet, detected.feet), _distance(heads_expected, heads_detected))
    position = apart / heights / reach[:, None]
    sizes = np.abs(np.log(tall_expected[:, None] / tall_detected[None]))
    pose = _pose_dissimilarity(expected.joints, detected.joints, heights)
    shirt = np.linalg.norm(expected.shirts[:, None] - detected.shirts[None], axis=2) / _MAX_SHIRT_DISTANCE
    shirt = np.where(np.isnan(shirt), _UNKNOWN_SHIRT_COST, np.minimum(shirt, 1.0))
    overlap = iou_xywh(expected.boxes, detected.boxes)
    cost = position + (1 - overlap) + 0.5 * pose + 0.7 * shirt + 0.5 * sizes
    return np.asarray(cost, np.float32), np.asarray(position < 1)


def _distance(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.linalg.norm(a[:, None] - b[None], axis=2))


def _pose_dissimilarity(expected: Floats, detected: Floats, heights: Floats) -> Floats:
    """Return (M, N) 1 - OKS with one sigma for all joints; 0.5 where too few are known."""
    both = (expected[:, None, :, 2] >= _MIN_JOINT_CONFIDENCE) & (
        detected[None, :, :, 2] >= _MIN_JOINT_CONFIDENCE
    )
    gaps = np.linalg.norm(expected[:, None, :, :2] - detected[None, :, :, :2], axis=3) / heights[..., None]
    similarity = np.exp(-((gaps / _JOINT_SIGMA) ** 2) / 2) * both
    count = both.sum(axis=2)
    mean = similarity.sum(axis=2) / np.maximum(count, 1)
    return np.asarray(np.where(count >= _MIN_JOINTS, 1 - mean, 0.5), np.float32)
