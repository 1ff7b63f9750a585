"""People of several pictures in one tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float32]
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
