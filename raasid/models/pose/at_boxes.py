"""For models that find people on their own: who of them stands in a given box."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torchvision.ops import box_iou  # type: ignore[import-untyped]

from raasid.models.pose.people import KEYPOINTS, Array, People

LEAST_IOU = 0.3


def at_boxes(found: People, boxes: Array) -> People:
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
            if overlap[box, one] >= LEAST_IOU:
                keypoints[box], score[box] = found.keypoints[one], found.score[one]
    return People(boxes.astype(np.float32), score, keypoints)
