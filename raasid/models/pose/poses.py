"""`People`, the output of a pose model for one frame, and what is done with it: padding, NMS, assignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torchvision.ops import box_iou  # type: ignore[import-untyped]

from raasid.footage.keypoints import NUM_KEYPOINTS, OKS_SIGMAS

Array = NDArray[np.float32]
Bools = NDArray[np.bool_]
MIN_IOU = 0.3
"""Of an annotated box and the box of the person that is assigned to it."""
_OKS_VARIANCES = (2 * np.array(OKS_SIGMAS, np.float32)) ** 2


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
        """Return no people."""
        return cls(
            np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32),
            np.zeros((0, NUM_KEYPOINTS, 3), np.float32),
        )

    def scaled(self, factor: float) -> People:
        """Return the same people with all coordinates times `factor`."""
        keypoints = self.keypoints * np.array([factor, factor, 1.0], np.float32)
        return People(self.boxes * np.float32(factor), self.score, keypoints)

    def with_min_score(self, score: float) -> People:
        """Return the people of at least this score."""
        kept = self.score >= score
        return People(self.boxes[kept], self.score[kept], self.keypoints[kept])


def nms_by_oks(people: People, max_oks: float) -> People:
    """Drop people whose OKS with a person of a higher score is above `max_oks`; returned by falling score."""
    order = np.argsort(-people.score, kind="stable")
    kept: list[int] = []
    for i in order.tolist():
        if not kept or _oks_between(people, i, np.array(kept)).max() <= max_oks:
            kept.append(i)
    return People(people.boxes[kept], people.score[kept], people.keypoints[kept])


def _oks_between(people: People, one: int, others: NDArray[np.intp]) -> Array:
    """OKS of one person with others, joints weighted by the lower confidence of the two; 0 without any."""
    weight = np.minimum(people.keypoints[one, :, 2], people.keypoints[others, :, 2])
    edges = people.boxes[:, 2:] - people.boxes[:, :2]
    area = np.maximum(0.53 * np.minimum(np.prod(edges[one]), np.prod(edges[others], 1)), 1.0)
    distance = ((people.keypoints[others, :, :2] - people.keypoints[one, :, :2]) ** 2).sum(2)
    similarity = np.exp(-distance / (2 * area[:, None] * _OKS_VARIANCES))
    return np.asarray((similarity * weight).sum(1) / np.maximum(weight.sum(1), 1e-6), np.float32)


def assign_poses_to_boxes(people: People, boxes: Array) -> People:
    """Return one person per box (K, 4), in the order of the boxes; each detected person is used at most once.

    A box without a person has score 0, and all joints in its middle with confidence 0.
    """
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    keypoints = np.zeros((len(boxes), NUM_KEYPOINTS, 3), np.float32)
    keypoints[:, :, :2] = middle
    score = np.zeros(len(boxes), np.float32)
    if len(boxes) and len(people.boxes):
        overlap = box_iou(torch.from_numpy(boxes).float(), torch.from_numpy(people.boxes)).numpy()
        for box, person in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[box, person] >= MIN_IOU:
                keypoints[box], score[box] = people.keypoints[person], people.score[person]
    return People(boxes.astype(np.float32), score, keypoints)


def padded_boxes(boxes: Sequence[Array]) -> tuple[Tensor, Tensor]:
    """Corners (K, 4) per image -> (B, M, 4) centres and sizes, and (B, M) which rows are real."""
    length = max(1, *(len(b) for b in boxes))
    rows, present = np.zeros((len(boxes), length, 4), np.float32), np.zeros((len(boxes), length), bool)
    for i, b in enumerate(boxes):
        rows[i, : len(b), :2], rows[i, : len(b), 2:] = (b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]
        present[i, : len(b)] = True
    return torch.from_numpy(rows), torch.from_numpy(present)


def padded_keypoints(keypoints: Sequence[Array], present: Tensor) -> Tensor:
    """(K, 17, 3) per image -> (B, M, 17, 3), with the real rows of `padded_boxes`."""
    padded = torch.zeros(*present.shape, *keypoints[0].shape[1:])
    for i, rows in enumerate(keypoints):
        padded[i, : len(rows)] = torch.from_numpy(rows)
    return padded
