"""The 17 keypoints of a person, in COCO's order, and the bones between them.

Source: COCO keypoint task (cocodataset.org).
"""

from __future__ import annotations

_PARTS = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
KEYPOINTS = ("nose", *(f"{side}_{part}" for part in _PARTS for side in ("left", "right")))
NUM_KEYPOINTS = len(KEYPOINTS)
FLIP_INDICES = (0, *(index for pair in range(1, NUM_KEYPOINTS, 2) for index in (pair + 1, pair)))
"""Index of each keypoint's mirror image."""
SKELETON = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9),
    (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
)  # fmt: skip
"""Pairs of keypoint indices from 0 (COCO's own file counts from 1)."""
ARMS = ((5, 7), (7, 9), (6, 8), (8, 10))
OKS_SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
)  # fmt: skip
"""Spread of human annotations of each keypoint, as a fraction of the person's size: the tolerance of OKS."""
