"""Which prediction is which person, at every strictness and for every size of person at once.

Object keypoint similarity: how alike two poses are, in tolerances of each joint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.pose.ground_truth import Truth
from raasid.models.pose.poses import People

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


THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)
"""OKS from which on a pose is right: AP50 takes the first, AP75 the sixth, mAP the mean over all."""
SIZES = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""Areas of a person in square pixels of the source. COCO's keypoint evaluation has no bin for small persons;
players in a wide picture are small."""
MAX_PEOPLE = 100
"""Predictions per frame. COCO's evaluation takes 20; a wide view of a match shows two teams and referees."""


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """What became of K predictions on one frame, by falling score, for S sizes and T thresholds."""

    score: Floats
    """(K,)"""
    right: Bools
    """(S, T, K) on a person who is wanted."""
    ignored: Bools
    """(S, T, K) neither right nor wrong: on somebody who is not asked for, or of another size."""
    wanted: NDArray[np.int64]
    """(S,) persons to be found."""


def match_people(
    people: People,
    truth: Truth,
    sizes: tuple[tuple[float, float], ...] = (SIZES["all"],),
    max_people: int = MAX_PEOPLE,
    wanted: Bools | None = None,
) -> Matches:
    """Give each prediction, best first, the free person that it resembles most by OKS.

    wanted: (P,) who is to be found; None: everybody whom COCO counts.
    Persons who are not wanted, or of another size, are taken only where no other can be, and cost nothing.
    Results are those of pycocotools; only the loops over thresholds, sizes and persons are one array.
    Source: COCO keypoint evaluation, cocodataset.org.
    """
    order = np.argsort(-people.score, kind="stable")[:max_people]
    poses = people.keypoints[order, :, :2].astype(np.float64)
    low, high = np.array(sizes, np.float64).reshape(-1, 2).T[..., None]
    extent = poses.max(axis=1) - poses.min(axis=1) if len(poses) else np.zeros((0, 2))
    other_size = _outside(extent.prod(axis=1), low, high)
    passed_over = ~(truth.wanted if wanted is None else wanted) | _outside(truth.area, low, high)
    right, unasked = _taken(similarity(poses, truth), passed_over, truth.crowd)
    ignored = unasked | (~right & other_size[:, None])
    return Matches(people.score[order].astype(np.float64), right, ignored, (~passed_over).sum(axis=1))


def _outside(area: Floats, low: Floats, high: Floats) -> Bools:
    """(S, N) whether each area lies outside each bin; both ends belong to it."""
    return np.asarray((area < low) | (area > high))


def _taken(alike: Floats, passed_over: Bools, crowd: Bools) -> tuple[Bools, Bools]:
    """(S, T, K) twice: predictions on persons who count, and on persons who are passed over."""
    count, persons = alike.shape
    shape = len(passed_over), len(THRESHOLDS), count
    right, unasked = np.zeros(shape, bool), np.zeros(shape, bool)
    if not persons:
        return right, unasked
    least = np.minimum(THRESHOLDS, 1 - 1e-10)[:, None]
    free = np.ones((*shape[:2], persons), bool)
    at_size, at_threshold = np.indices(shape[:2])
    counting = ~passed_over[:, None]
    for k in np.flatnonzero(alike.max(axis=1) >= least[0]):
        near = free & (alike[k] >= least)
        for kind, marks in ((counting, right), (~counting, unasked)):
            able = near & kind & ~right[..., k, None]
            hit = able.any(axis=2)
            # of equals the last, as pycocotools has it
            best = persons - 1 - np.where(able, alike[k], -1.0)[..., ::-1].argmax(axis=2)
            marks[..., k] = hit
            free[at_size[hit], at_threshold[hit], best[hit]] = crowd[best[hit]]
    return right, unasked
