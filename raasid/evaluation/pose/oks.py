"""Object keypoint similarity: how alike two poses are, in tolerances of each joint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.pose.truth import Truth

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_FACE = (0.026, 0.025, 0.025, 0.035, 0.035)
_ARMS = (0.079, 0.079, 0.072, 0.072, 0.062, 0.062)
_LEGS = (0.107, 0.107, 0.087, 0.087, 0.089, 0.089)
SIGMAS: Floats = np.array([*_FACE, *_ARMS, *_LEGS])
"""How far annotators of COCO disagree about each joint, in square roots of a person's area."""


def oks(pred: Floats, true: Floats, labelled: Bools, area: Floats) -> Floats:
    """Object keypoint similarity of predictions with ground truths; all arguments broadcast.

    pred, true: (..., 17, 2) pixels. labelled: (..., 17), False = nobody labelled this joint.
    area: (...) square pixels of the ground truth's outline.
    Returns (...) in [0, 1]: the mean over labelled joints of exp(-d² / (2 area (2σ)²)); NaN where no
    joint is labelled.
    Source: COCO keypoint evaluation, cocodataset.org, with its published sigmas.
    """
    squared = np.square(pred - true).sum(axis=-1)
    return _mean_likeness(squared, labelled, area)


def similarity(pred: Floats, truth: Truth) -> Floats:
    """(K, P) OKS of (K, 17, 2) poses with persons, as COCO's evaluation matches by.

    A person without a labelled joint, who is ignored, takes any pose within twice the box: distances are
    those of the joints to that area.
    """
    alike = oks(pred[:, None], truth.keypoints[None, ..., :2], truth.labelled[None], truth.area[None])
    unlabelled = np.flatnonzero(~truth.labelled.any(axis=1))
    if unlabelled.size:
        corner, size = truth.boxes[unlabelled, None, :2], truth.boxes[unlabelled, None, 2:]
        beyond = np.maximum(0, corner - size - pred[:, None]) + np.maximum(
            0, pred[:, None] - corner - 2 * size
        )
        squared = np.square(beyond).sum(axis=-1)
        alike[:, unlabelled] = _mean_likeness(squared, np.ones(len(SIGMAS), bool), truth.area[unlabelled])
    return alike


def _mean_likeness(squared: Floats, labelled: Bools, area: Floats) -> Floats:
    tolerance = 2 * np.square(2 * SIGMAS) * (np.asarray(area)[..., None] + np.spacing(1))
    likeness = np.exp(-squared / tolerance) * labelled
    count = np.broadcast_to(labelled, likeness.shape).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(likeness.sum(axis=-1) / count)
