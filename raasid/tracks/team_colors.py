"""Shirt colors of persons, and the teams that they form."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.records import Role
from raasid.io.image_reader import Image

Floats = NDArray[np.float32]
_SHOULDERS_AND_HIPS = [
    KEYPOINTS.index(name) for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")
]
_MIN_JOINT_CONFIDENCE = 0.3
"""Confidence that all four joints of the torso must have."""
_INNER = 0.75
"""Inner part of the torso that is used, because its edges show arms and grass."""
_MIN_PIXELS = 6
_LIGHTNESS_WEIGHT = 0.5
"""Lightness counts half, because the same shirt is seen in the sun and in the shade."""
_SAME_SHIRT = 16.0
"""Mean distance in CIE Lab within which two shirts may be of one team. In the synthetic league, 85 % of
team-mates and 2 % of opponents are nearer to each other."""
_FAR = 26.0
"""Distance to both teams' shirts from which a person plays for neither."""
_DARK, _PALE = 27.0, 12.0
"""Lightness and chroma below which a shirt is black."""


def shirt_color(image: Image, joints: Floats) -> Floats:
    """Return the median color (3,) of a torso in CIE Lab, lightness 0 to 100; NaN where none can be seen.

    image: blue-green-red. joints: (17, 3) x, y and confidence. Shoulders and hips must be confident, because
    the upper middle of a box shows the shirt only half of the time.
    """
    unknown = np.full(3, np.nan, np.float32)
    quad = joints[_SHOULDERS_AND_HIPS]
    if (quad[:, 2] < _MIN_JOINT_CONFIDENCE).any():
        return unknown
    middle = quad[:, :2].mean(axis=0)
    corners = middle + (quad[:, :2] - middle) * np.float32(_INNER)
    height, width = image.shape[:2]
    low = np.clip(np.floor(corners.min(axis=0)), 0, [width, height]).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 0, [width, height]).astype(int)
    if (high - low).min() < 1:
        return unknown
    crop = image[low[1] : high[1], low[0] : high[0]]
    inside = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.round(corners - low).astype(np.int32)), 1)
    pixels = crop[inside > 0]
    if len(pixels) < _MIN_PIXELS:
        return unknown
    middle_color = np.median(pixels, axis=0).astype(np.float32).reshape(1, 1, 3) / 255
    return np.asarray(cv2.cvtColor(middle_color, cv2.COLOR_BGR2Lab).reshape(3), np.float32)


@dataclass(frozen=True, slots=True)
class TeamAssignment:
    """Role and team of a person; team None: neither of the teams, or unknown."""

    role: Role
    team: str | None


@dataclass(frozen=True, slots=True, eq=False)
class TeamAssignments:
    """The assignments of all tracks, and (N, 3) mean shirts of at most two teams, with lightness halved."""

    assignments: list[TeamAssignment]
    shirts: Floats


def assign_teams(shirts: Floats, weights: Floats, before: Floats | None = None) -> TeamAssignments:
    """Assign each track a role and a team by its shirt alone.

    shirts: (P, 3) median color of each track, NaN if unknown. weights: (P,) how much of it was seen.
    before: `TeamAssignments.shirts` of an earlier part of the same footage, whose team names are kept.
    The two largest groups of similar shirts are the teams "A" and "B". A person in neither's colors is a
    referee if dressed in black, otherwise `other`, because colors do not separate a goalkeeper from a yellow
    referee. A person in between, or with an unknown shirt, is a player of an unknown team.
    """
    known = np.flatnonzero(~np.isnan(shirts).any(axis=1))
    found = [TeamAssignment("player", None)] * len(shirts)
    if not len(known):
        return TeamAssignments(found, np.zeros((0, 3), np.float32) if before is None else before)
    black = [_is_black(color) for color in shirts]
    shirts = shirts * np.array([_LIGHTNESS_WEIGHT, 1, 1], np.float32)
    groups = _group_shirts(shirts[known], weights[known])[:2]
    centres = np.array([np.average(shirts[known[g]], axis=0, weights=weights[known[g]]) for g in groups])
    if before is not None and len(before):
        centres = _keep_team_order(centres, before)
    for row in known.tolist():
        apart = np.linalg.norm(shirts[row] - centres, axis=1)
        nearest = int(apart.argmin())
        clear = len(apart) == 1 or apart.min() < 0.6 * apart.max()
        if apart[nearest] < 1.2 * _SAME_SHIRT and clear:
            found[row] = TeamAssignment("player", "AB"[nearest])
        elif len(centres) == 2 and apart.min() > _FAR:
            found[row] = TeamAssignment("referee" if black[row] else "other", None)
    return TeamAssignments(found, centres.astype(np.float32))


def _keep_team_order(centres: Floats, before: Floats) -> Floats:
    """Return the teams in the order of `before`; a team that is not seen keeps its color."""
    apart = np.linalg.norm(before[:, None] - centres[None], axis=2)
    out = before.copy()
    newcomers = []
    for column in range(len(centres)):
        row = int(apart[:, column].argmin())
        if apart[row, column] < 1.5 * _SAME_SHIRT and int(apart[row].argmin()) == column:
            out[row] = centres[column]
        else:
            newcomers.append(column)
    return out if len(out) == 2 or not newcomers else np.concatenate([out, centres[newcomers[:1]]])


def _group_shirts(shirts: Floats, weights: Floats) -> list[list[int]]:
    """Group rows by similar shirts, largest group first; average linkage, cut at `_SAME_SHIRT`."""
    groups = [[row] for row in range(len(shirts))]
    apart = np.linalg.norm(shirts[:, None] - shirts[None], axis=2)
    while len(groups) > 1:
        pairs = [
            (float(apart[np.ix_(a, b)].mean()), i, j)
            for i, a in enumerate(groups)
            for j, b in enumerate(groups[:i])
        ]
        nearest, i, j = min(pairs)
        if nearest > _SAME_SHIRT:
            break
        groups[j] += groups.pop(i)
    # by number of persons, then by how much was seen of them; ties by the smallest row, in any order
    return sorted(groups, key=lambda g: (-len(g), -float(weights[g].sum()), min(g)))


def _is_black(color: Floats) -> bool:
    return bool(color[0] < _DARK and np.hypot(color[1], color[2]) < _PALE)
