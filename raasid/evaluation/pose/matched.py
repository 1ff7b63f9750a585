"""Match the predicted people of each frame with the annotated persons; errors of their joints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.pose.matching import (
    ARMS,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    SIZES,
    Bools,
    GroundTruth,
    PoseMatches,
    match_poses,
)
from raasid.footage.records import Tags
from raasid.geometry import iou_xyxy_xywh
from raasid.models.pose.poses import People
from raasid.stats.bootstrap import Floats

PCK_TORSOS = 0.2
"""PCK counts a joint as correct within this distance. Source: Yang and Ramanan, TPAMI 2013, in torsos."""
_TORSO = ((LEFT_SHOULDER, RIGHT_HIP), (RIGHT_SHOULDER, LEFT_HIP))
_FOREARM = ((LEFT_ELBOW, LEFT_WRIST), (RIGHT_ELBOW, RIGHT_WRIST))
_PAIRS = ((LEFT_ELBOW, RIGHT_ELBOW), (LEFT_WRIST, RIGHT_WRIST))


@dataclass(frozen=True, slots=True, eq=False)
class JointErrors:
    """Errors of P persons of one frame at their annotated boxes; NaN where undefined.

    torso: (P, 17) distance of each labelled joint in lengths of the person's torso.
    forearm: (P, 17) distance of each labelled arm joint in lengths of the person's forearm.
    swapped: (P, 2) 1 if the elbows, and the wrists, are on the wrong sides, else 0.
    """

    torso: Floats
    forearm: Floats
    swapped: Floats

    @classmethod
    def measure(cls, people: People, truth: GroundTruth) -> JointErrors:
        """Compare predictions with the ground truth; people: (P) in its order.

        Torso and forearm are the longer of the two labelled ones, which is less foreshortened. The sides of
        elbows or wrists nearer to each other than `PCK_TORSOS` torsos are undefined.
        """
        predicted = people.keypoints[..., :2].astype(np.float64)
        true, labelled = truth.keypoints[..., :2], truth.labelled & truth.is_target[:, None]
        distance = np.where(labelled, np.linalg.norm(predicted - true, axis=-1), np.nan)
        torso = _longest(true, labelled, _TORSO)
        arms = np.isin(np.arange(distance.shape[1]), ARMS)
        forearm = np.where(arms, distance, np.nan) / _longest(true, labelled, _FOREARM)[:, None]
        sides = [_swapped(predicted, true, labelled, pair, PCK_TORSOS * torso) for pair in _PAIRS]
        return cls(distance / torso[:, None], forearm, np.stack(sides, axis=1))


def _longest(points: Floats, labelled: Bools, lines: tuple[tuple[int, int], ...]) -> Floats:
    """(P,) the longest of some lines between labelled joints; NaN if there is none or all have length 0."""
    lengths = [
        np.where(labelled[:, a] & labelled[:, b], np.linalg.norm(points[:, a] - points[:, b], axis=-1), 0.0)
        for a, b in lines
    ]
    longest = np.max(lengths, axis=0)
    return np.asarray(np.where(longest > 0, longest, np.nan))


def _swapped(
    predicted: Floats, true: Floats, labelled: Bools, pair: tuple[int, int], min_distance: Floats
) -> Floats:
    """(P,) 1 if the joints of a pair are nearer to each other's ground truth than to their own, else 0."""
    left, right = pair

    def distance(a: Floats, b: Floats) -> Floats:
        return np.asarray(np.linalg.norm(a - b, axis=-1))

    straight = distance(predicted[:, left], true[:, left]) + distance(predicted[:, right], true[:, right])
    crossed = distance(predicted[:, left], true[:, right]) + distance(predicted[:, right], true[:, left])
    # with an unknown torso (NaN) the comparison is False
    defined = (
        labelled[:, left] & labelled[:, right] & (distance(true[:, left], true[:, right]) >= min_distance)
    )
    return np.asarray(np.where(defined, crossed < straight, np.nan), np.float64)


MIN_IOU = 0.5
"""Intersection over union from which a box is on a person."""


@dataclass(frozen=True, slots=True, eq=False)
class PoseOutcome:
    """One frame with its ground truth and its predictions."""

    ref: FrameRef
    truth: GroundTruth
    people: People
    """Predicted with the model's own boxes."""
    at_truth: People
    """Predicted at the annotated boxes, in the order of `truth`."""
    matches: PoseMatches
    """Of `people`, for every size."""
    arm_matches: PoseMatches
    """Of `people`, by the six joints of the arms."""
    well_seen_matches: PoseMatches
    """Of `people`; targets are the persons of whom at least half of the joints are visible."""
    at_truth_matches: PoseMatches
    """Of `at_truth`."""
    joint_errors: JointErrors
    """Of `at_truth`."""
    is_found: Bools
    """(P,) persons on whom one of the model's own boxes is."""

    @property
    def match(self) -> str:
        """The match that the frame is from."""
        return self.ref.match

    @property
    def tags(self) -> Tags:
        """Tags of clip and frame."""
        return self.ref.tags


def match_frames(
    refs: Sequence[FrameRef], own: Sequence[People], at_truth: Sequence[People]
) -> list[PoseOutcome]:
    """Match the predictions of each frame, with own boxes and at the annotated ones."""
    return [_match_frame(*frame) for frame in zip(refs, own, at_truth, strict=True)]


def _match_frame(ref: FrameRef, own: People, at_truth: People) -> PoseOutcome:
    truth = GroundTruth.from_persons(ref.frame.persons)
    return PoseOutcome(
        ref=ref,
        truth=truth,
        people=own,
        at_truth=at_truth,
        matches=match_poses(own, truth, tuple(SIZES.values())),
        arm_matches=match_poses(own, truth.with_joints(ARMS)),
        well_seen_matches=match_poses(own, truth, targets=truth.well_seen),
        at_truth_matches=match_poses(at_truth, truth),
        joint_errors=JointErrors.measure(at_truth, truth),
        is_found=_found(own, truth),
    )


def _found(people: People, truth: GroundTruth) -> Bools:
    """Assign to each box, most confident first, the unassigned person that it overlaps most."""
    found = np.zeros(len(truth.boxes), bool)
    if not len(found):
        return found
    overlaps = iou_xyxy_xywh(people.boxes.astype(np.float64), truth.boxes)
    for row in overlaps[np.argsort(-people.score, kind="stable")]:
        free = np.where(found, 0.0, row)
        if free.max() >= MIN_IOU:
            found[free.argmax()] = True
    return found
