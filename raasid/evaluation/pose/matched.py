"""What became of the people of each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.pose.ground_truth import ARMS, Truth
from raasid.evaluation.pose.joint_errors import JointErrors
from raasid.evaluation.pose.matching import SIZES, Matches, match_people
from raasid.footage.records import Tags
from raasid.geometry import iou_xyxy_xywh
from raasid.models.pose.poses import People

Bools = NDArray[np.bool_]

LEAST_OVERLAP = 0.5
"""Intersection over union from which on a box is on a person."""


@dataclass(frozen=True, slots=True, eq=False)
class PoseOutcome:
    """One frame, who is in it, and who was seen."""

    ref: FrameRef
    truth: Truth
    people: People
    """With the model's own boxes."""
    at_truth: People
    """With the annotated boxes, in the order of `truth`."""
    own: Matches
    """Of `people`, for every size."""
    arms: Matches
    """Of `people`, by the six joints of the arms."""
    well_seen: Matches
    """Of `people`, where only those count of whom at least half of the joints can be seen."""
    at: Matches
    """Of `at_truth`."""
    joints: JointErrors
    """Of `at_truth`."""
    found: Bools
    """(P,) persons on whom one of the model's own boxes is."""

    @property
    def match(self) -> str:
        """The match that the frame is from."""
        return self.ref.match

    @property
    def tags(self) -> Tags:
        """Of clip and frame."""
        return self.ref.tags


def judge_people(
    refs: Sequence[FrameRef], own: Sequence[People], at_truth: Sequence[People]
) -> list[PoseOutcome]:
    """Judge what was said about each frame."""
    return [_judge(*frame) for frame in zip(refs, own, at_truth, strict=True)]


def _judge(ref: FrameRef, own: People, at_truth: People) -> PoseOutcome:
    truth = Truth.of(ref.frame.persons)
    return PoseOutcome(
        ref=ref,
        truth=truth,
        people=own,
        at_truth=at_truth,
        own=match_people(own, truth, tuple(SIZES.values())),
        arms=match_people(own, truth.only(ARMS)),
        well_seen=match_people(own, truth, wanted=truth.well_seen),
        at=match_people(at_truth, truth),
        joints=JointErrors.of(at_truth, truth),
        found=_found(own, truth),
    )


def _found(people: People, truth: Truth) -> Bools:
    """Give each box, most confident first, the free person that it overlaps most."""
    found = np.zeros(len(truth.boxes), bool)
    if not len(found):
        return found
    overlaps = iou_xyxy_xywh(people.boxes.astype(np.float64), truth.boxes)
    for row in overlaps[np.argsort(-people.score, kind="stable")]:
        free = np.where(found, 0.0, row)
        if free.max() >= LEAST_OVERLAP:
            found[free.argmax()] = True
    return found
