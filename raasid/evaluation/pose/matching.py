"""Match predicted poses with annotated persons by object keypoint similarity, at all thresholds and sizes.

Annotated persons are arrays here, with the attributes that COCO's evaluation uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raasid.footage.records import Person
from raasid.models.pose.poses import People
from raasid.stats.bootstrap import Floats

Bools = NDArray[np.bool_]

KEYPOINTS = 17
LEFT_SHOULDER, RIGHT_SHOULDER = 5, 6
LEFT_ELBOW, RIGHT_ELBOW = 7, 8
LEFT_WRIST, RIGHT_WRIST = 9, 10
LEFT_HIP, RIGHT_HIP = 11, 12
ARMS = (LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_ELBOW, RIGHT_ELBOW, LEFT_WRIST, RIGHT_WRIST)
VISIBLE = 2
"""COCO's visibility of a joint that can be seen; 1 is hidden, 0 not labelled."""
OUTLINE_SHARE = 0.53
"""Share of its box that a person's outline fills, for persons without an outline. Source: ultralytics' pose
validation, so that figures are comparable."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundTruth:
    """P persons of one frame, in pixels of the source.

    boxes: (P, 4) left, top, width, height. keypoints: (P, 17, 3) x, y, COCO visibility.
    area: (P,) square pixels of the outline. crowd: (P,) groups annotated as one.
    """

    boxes: Floats
    keypoints: Floats
    area: Floats
    crowd: Bools

    @classmethod
    def from_persons(cls, persons: Sequence[Person]) -> GroundTruth:
        """Convert records."""
        keypoints = np.zeros((len(persons), KEYPOINTS, 3))
        for row, person in enumerate(persons):
            if person.keypoints:
                keypoints[row] = person.keypoints
        boxes = np.array([person.box for person in persons], np.float64).reshape(-1, 4)
        outlines = [OUTLINE_SHARE * p.box[2] * p.box[3] if p.area is None else p.area for p in persons]
        return cls(
            boxes, keypoints, np.array(outlines, np.float64), np.array([p.crowd for p in persons], bool)
        )

    @property
    def labelled(self) -> Bools:
        """(P, 17) labelled joints, hidden or not."""
        return np.asarray(self.keypoints[..., 2] > 0)

    @property
    def is_target(self) -> Bools:
        """(P,) persons to be found; COCO ignores crowds and persons without a labelled joint."""
        return np.asarray(self.labelled.any(axis=1) & ~self.crowd)

    @property
    def well_seen(self) -> Bools:
        """(P,) targets of whom at least half of the joints are visible."""
        return np.asarray(self.is_target & ((self.keypoints[..., 2] == VISIBLE).sum(axis=1) > KEYPOINTS // 2))

    def with_joints(self, joints: Sequence[int]) -> GroundTruth:
        """Return the same persons with only some joints labelled."""
        keypoints = self.keypoints.copy()
        keypoints[:, [joint for joint in range(KEYPOINTS) if joint not in joints], 2] = 0
        return replace(self, keypoints=keypoints)


THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)
"""OKS from which a pose is correct: AP50 uses the first, AP75 the sixth, mAP the mean over all."""
SIZES = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""Areas of a person in square pixels of the source. COCO's keypoint evaluation has no bin for small persons;
players in a wide view are small."""
MAX_PEOPLE = 100
"""Predictions per frame. COCO's evaluation uses 20; a wide view of a match shows two teams and referees."""
_FACE = (0.026, 0.025, 0.025, 0.035, 0.035)
_ARMS = (0.079, 0.079, 0.072, 0.072, 0.062, 0.062)
_LEGS = (0.107, 0.107, 0.087, 0.087, 0.089, 0.089)
SIGMAS: Floats = np.array([*_FACE, *_ARMS, *_LEGS])
"""Standard deviation of COCO's annotators for each joint, in square roots of a person's area."""


def oks(pred: Floats, true: Floats, labelled: Bools, area: Floats) -> Floats:
    """Compute object keypoint similarity of predictions with ground truths; all arguments broadcast.

    pred, true: (..., 17, 2) pixels. labelled: (..., 17), False = this joint is not labelled.
    area: (...) square pixels of the ground truth's outline.
    Returns (...) in [0, 1]: the mean over labelled joints of exp(-d² / (2 area (2σ)²)); NaN without a
    labelled joint.
    Source: COCO keypoint evaluation, cocodataset.org, with its published sigmas.
    """
    squared = np.square(pred - true).sum(axis=-1)
    return _mean_similarity(squared, labelled, area)


def pairwise_oks(pred: Floats, truth: GroundTruth) -> Floats:
    """Compute (K, P) OKS of (K, 17, 2) poses with persons, as COCO's evaluation does.

    For a person without a labelled joint, who is ignored, the distance of a joint is that to an area of twice
    the box.
    """
    similarity = oks(pred[:, None], truth.keypoints[None, ..., :2], truth.labelled[None], truth.area[None])
    unlabelled = np.flatnonzero(~truth.labelled.any(axis=1))
    if unlabelled.size:
        corner, size = truth.boxes[unlabelled, None, :2], truth.boxes[unlabelled, None, 2:]
        beyond = np.maximum(0, corner - size - pred[:, None]) + np.maximum(
            0, pred[:, None] - corner - 2 * size
        )
        squared = np.square(beyond).sum(axis=-1)
        similarity[:, unlabelled] = _mean_similarity(
            squared, np.ones(len(SIGMAS), bool), truth.area[unlabelled]
        )
    return similarity


def _mean_similarity(squared: Floats, labelled: Bools, area: Floats) -> Floats:
    tolerance = 2 * np.square(2 * SIGMAS) * (np.asarray(area)[..., None] + np.spacing(1))
    similarity = np.exp(-squared / tolerance) * labelled
    count = np.broadcast_to(labelled, similarity.shape).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(similarity.sum(axis=-1) / count)


@dataclass(frozen=True, slots=True, eq=False)
class PoseMatches:
    """The outcome of K predictions on one frame, by falling score, for S sizes and T thresholds."""

    score: Floats
    """(K,)"""
    correct: Bools
    """(S, T, K) on a target."""
    ignored: Bools
    """(S, T, K) neither correct nor wrong: on a person who is no target, or of another size."""
    num_targets: NDArray[np.int64]
    """(S,) persons to be found."""


def match_poses(
    people: People,
    truth: GroundTruth,
    sizes: tuple[tuple[float, float], ...] = (SIZES["all"],),
    max_people: int = MAX_PEOPLE,
    targets: Bools | None = None,
) -> PoseMatches:
    """Assign to each prediction, best first, the unassigned person with the highest OKS.

    targets: (P,) the persons to be found; None: all whom COCO counts.
    Persons who are no targets, or of another size, are assigned only if no target can be; they are ignored.
    Results are those of pycocotools, with the loops over thresholds, sizes and persons vectorised.
    Source: COCO keypoint evaluation, cocodataset.org.
    """
    order = np.argsort(-people.score, kind="stable")[:max_people]
    poses = people.keypoints[order, :, :2].astype(np.float64)
    low, high = np.array(sizes, np.float64).reshape(-1, 2).T[..., None]
    extent = poses.max(axis=1) - poses.min(axis=1) if len(poses) else np.zeros((0, 2))
    other_size = _outside(extent.prod(axis=1), low, high)
    ignorable = ~(truth.is_target if targets is None else targets) | _outside(truth.area, low, high)
    correct, on_ignored = _assign(pairwise_oks(poses, truth), ignorable, truth.crowd)
    ignored = on_ignored | (~correct & other_size[:, None])
    return PoseMatches(people.score[order].astype(np.float64), correct, ignored, (~ignorable).sum(axis=1))


def _outside(area: Floats, low: Floats, high: Floats) -> Bools:
    """(S, N) whether each area lies outside each bin; both ends belong to it."""
    return np.asarray((area < low) | (area > high))


def _assign(similarity: Floats, ignorable: Bools, crowd: Bools) -> tuple[Bools, Bools]:
    """(S, T, K) twice: predictions on targets, and on ignorable persons."""
    count, persons = similarity.shape
    shape = len(ignorable), len(THRESHOLDS), count
    correct, on_ignored = np.zeros(shape, bool), np.zeros(shape, bool)
    if not persons:
        return correct, on_ignored
    min_similarity = np.minimum(THRESHOLDS, 1 - 1e-10)[:, None]
    free = np.ones((*shape[:2], persons), bool)
    at_size, at_threshold = np.indices(shape[:2])
    is_target = ~ignorable[:, None]
    for k in np.flatnonzero(similarity.max(axis=1) >= min_similarity[0]):
        near = free & (similarity[k] >= min_similarity)
        for kind, assigned in ((is_target, correct), (~is_target, on_ignored)):
            candidates = near & kind & ~correct[..., k, None]
            hit = candidates.any(axis=2)
            # the last of equals, as in pycocotools
            best = persons - 1 - np.where(candidates, similarity[k], -1.0)[..., ::-1].argmax(axis=2)
            assigned[..., k] = hit
            free[at_size[hit], at_threshold[hit], best[hit]] = crowd[best[hit]]
    return correct, on_ignored
