"""Errors of the joints at annotated boxes: in torsos, in forearms, and left-right swaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raasid.evaluation.pose.ground_truth import (
    ARMS,
    LEFT_ELBOW,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    RIGHT_ELBOW,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    Bools,
    GroundTruth,
)
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
