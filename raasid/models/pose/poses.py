"""What a pose model says about one frame: the record that every later station works on.

People of several pictures in one tensor.

For models that find people on their own: who of them stands in a given box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torchvision.ops import box_iou  # type: ignore[import-untyped]

Array = NDArray[np.float32]
KEYPOINTS = 17


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Players in one frame, by falling score.

    boxes: (K, 4) left, top, right, bottom in pixels of the source frame; score: (K,) in [0, 1];
    keypoints: (K, 17, 3) x, y in the same pixels and confidence in [0, 1], in COCO's order.
    """

    boxes: Array
    score: Array
    keypoints: Array

    @classmethod
    def empty(cls) -> People:
        """Nobody."""
        return cls(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, KEYPOINTS, 3), np.float32)
        )

    def scaled(self, factor: float) -> People:
        """The same people in pixels `factor` times as many."""
        keypoints = self.keypoints * np.array([factor, factor, 1.0], np.float32)
        return People(self.boxes * np.float32(factor), self.score, keypoints)

    def with_min_score(self, score: float) -> People:
        """Those who are as sure as that, or surer."""
        kept = self.score >= score
        return People(self.boxes[kept], self.score[kept], self.keypoints[kept])


Bools = NDArray[np.bool_]


def padded_boxes(boxes: Sequence[Array]) -> tuple[Tensor, Tensor]:
    """Corners (K, 4) per picture -> (B, M, 4) centres and sizes, and (B, M) which rows are real."""
    room = max(1, *(len(b) for b in boxes))
    rows, present = np.zeros((len(boxes), room, 4), np.float32), np.zeros((len(boxes), room), bool)
    for i, b in enumerate(boxes):
        rows[i, : len(b), :2], rows[i, : len(b), 2:] = (b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]
        present[i, : len(b)] = True
    return torch.from_numpy(rows), torch.from_numpy(present)


def padded_joints(keypoints: Sequence[Array], present: Tensor) -> Tensor:
    """(K, 17, 3) per picture -> (B, M, 17, 3) in the rows that `padded_boxes` says are real."""
    joints = torch.zeros(*present.shape, *keypoints[0].shape[1:])
    for i, rows in enumerate(keypoints):
        joints[i, : len(rows)] = torch.from_numpy(rows)
    return joints


MIN_IOU = 0.3


def assign_poses_to_boxes(found: People, boxes: Array) -> People:
    """Return one person per box (K, 4), in the order of the boxes, each found one at most once.

    Whoever was not found has score 0, and all joints in the middle of the box with confidence 0.
    """
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    keypoints = np.zeros((len(boxes), KEYPOINTS, 3), np.float32)
    keypoints[:, :, :2] = middle
    score = np.zeros(len(boxes), np.float32)
    if len(boxes) and len(found.boxes):
        overlap = box_iou(torch.from_numpy(boxes).float(), torch.from_numpy(found.boxes)).numpy()
        for box, one in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[box, one] >= MIN_IOU:
                keypoints[box], score[box] = found.keypoints[one], found.score[one]
    return People(boxes.astype(np.float32), score, keypoints)
