"""Match the predicted people of each frame with the annotated persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.pose.ground_truth import ARMS, Bools, GroundTruth
from raasid.evaluation.pose.joint_errors import JointErrors
from raasid.evaluation.pose.matching import SIZES, PoseMatches, match_poses
from raasid.footage.records import Tags
from raasid.geometry import iou_xyxy_xywh
from raasid.models.pose.poses import People

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
