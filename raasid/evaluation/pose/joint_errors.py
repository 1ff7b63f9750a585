"""How far off the joints are where a person is given: in torsos, in forearms, and on which side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    Truth,
)
from raasid.models.pose.poses import People

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PCK_REACH = 0.2
"""Torsos. Source: Yang and Ramanan, TPAMI 2013 (PCK), with the torso as measure."""
_TORSO = ((LEFT_SHOULDER, RIGHT_HIP), (RIGHT_SHOULDER, LEFT_HIP))
_FOREARM = ((LEFT_ELBOW, LEFT_WRIST), (RIGHT_ELBOW, RIGHT_WRIST))
_PAIRS = ((LEFT_ELBOW, RIGHT_ELBOW), (LEFT_WRIST, RIGHT_WRIST))


@dataclass(frozen=True, slots=True, eq=False)
class JointErrors:
    """Of P persons of one frame, read at their annotated boxes; NaN where a measure does not exist.

    torso: (P, 17) distance of each labelled joint in lengths of the person's torso.
    forearm: (P, 17) distance of each labelled arm joint in lengths of the person's forearm.
    swapped: (P, 2) whether elbows, and wrists, are on the wrong sides: 1, or 0.
    """

    torso: Floats
    forearm: Floats
    swapped: Floats

    @classmethod
    def of(cls, people: People, truth: Truth) -> JointErrors:
        """Measure; people: (P) in the order of the truth.

        Torso and forearm are the longer of the two that are labelled, the less foreshortened. Elbows or
        wrists nearer to each other than `PCK_REACH` torsos have no side that could be told.
        """
        said = people.keypoints[..., :2].astype(np.float64)
        true, labelled = truth.keypoints[..., :2], truth.labelled & truth.wanted[:, None]
        distance = np.where(labelled, np.linalg.norm(said - true, axis=-1), np.nan)
        torso = _longer(true, labelled, _TORSO)
        arms = np.isin(np.arange(distance.shape[1]), ARMS)
        forearm = np.where(arms, distance, np.nan) / _longer(true, labelled, _FOREARM)[:, None]
        sides = [_swapped(said, true, labelled, pair, PCK_REACH * torso) for pair in _PAIRS]
        return cls(distance / torso[:, None], forearm, np.stack(sides, axis=1))


def _longer(points: Floats, labelled: Bools, lines: tuple[tuple[int, int], ...]) -> Floats:
    """(P,) the longer of some lines between labelled joints; NaN where none is, or none has a length."""
    lengths = [
        np.where(labelled[:, a] & labelled[:, b], np.linalg.norm(points[:, a] - points[:, b], axis=-1), 0.0)
        for a, b in lines
    ]
    longest = np.max(lengths, axis=0)
    return np.asarray(np.where(longest > 0, longest, np.nan))


def _swapped(said: Floats, true: Floats, labelled: Bools, pair: tuple[int, int], least: Floats) -> Floats:
    """(P,) 1 where both joints of a pair fit better to each other's truth than to their own, else 0."""
    left, right = pair

    def apart(a: Floats, b: Floats) -> Floats:
        return np.asarray(np.linalg.norm(a - b, axis=-1))

    straight = apart(said[:, left], true[:, left]) + apart(said[:, right], true[:, right])
    crossed = apart(said[:, left], true[:, right]) + apart(said[:, right], true[:, left])
    # of an unknown torso nothing is known to be far enough
    told = labelled[:, left] & labelled[:, right] & (apart(true[:, left], true[:, right]) >= least)
    return np.asarray(np.where(told, crossed < straight, np.nan), np.float64)
