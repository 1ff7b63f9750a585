"""What colour a person's shirt is, and who plays with whom by that."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.media import Image
from raasid.footage.records import Role

Floats = NDArray[np.float32]
_SHOULDERS_AND_HIPS = [
    KEYPOINTS.index(name) for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")
]
_SURE = 0.3
"""Confidence of a joint from which the torso is cut out along it."""
_INNER = 0.75
"""Of the torso: its edges show arms and grass."""
_FEWEST_PIXELS = 6
_SHADE = 0.5
"""Lightness counts half: one shirt is worn in the sun and in the shade."""
_SAME_SHIRT = 16.0
"""Mean distance in CIE Lab within which two shirts may be of one team. In the synthetic league 85 % of
team-mates are nearer to each other, and 2 % of opponents."""
_FAR = 26.0
"""Distance to both teams' shirts from which somebody plays for neither."""
_DARK, _PALE = 27.0, 12.0
"""Lightness and chroma below which a shirt is black."""


def shirt(image: Image, joints: Floats) -> Floats:
    """Return the median colour (3,) of a torso in CIE Lab, lightness 0 to 100; NaN where none can be seen.

    image: blue-green-red. joints: (17, 3) x, y and confidence: shoulders and hips must be sure. What lies
    in the upper middle of a box is a shirt no more often than not.
    """
    unknown = np.full(3, np.nan, np.float32)
    quad = joints[_SHOULDERS_AND_HIPS]
    if (quad[:, 2] < _SURE).any():
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
    if len(pixels) < _FEWEST_PIXELS:
        return unknown
    middle_colour = np.median(pixels, axis=0).astype(np.float32).reshape(1, 1, 3) / 255
    return np.asarray(cv2.cvtColor(middle_colour, cv2.COLOR_BGR2Lab).reshape(3), np.float32)


@dataclass(frozen=True, slots=True)
class Side:
    """Whom somebody plays for; team None: for neither, or nobody knows."""

    role: Role
    team: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """of: for each track; shirts: (N, 3) mean colour of each team, at most two; lightness halved."""

    of: list[Side]
    shirts: Floats


def sides(shirts: Floats, weights: Floats, before: Floats | None = None) -> Sides:
    """Say for each track whom it plays for, by shirt alone.

    shirts: (P, 3) median colour of each track, NaN unknown. weights: (P,) how much was seen of it.
    before: `Sides.shirts` of an earlier part of the same footage, whose names are kept.
    The two groups of like shirts that most wear are the teams "A" and "B". Somebody in neither's colours is
    a referee if in black, otherwise `other`: colours do not tell a goalkeeper from a yellow referee.
    Somebody in between, or unseen, is a player of an unknown team.
    """
    known = np.flatnonzero(~np.isnan(shirts).any(axis=1))
    found = [Side("player", None)] * len(shirts)
    if not len(known):
        return Sides(found, np.zeros((0, 3), np.float32) if before is None else before)
    black = [_is_black(colour) for colour in shirts]
    shirts = shirts * np.array([_SHADE, 1, 1], np.float32)
    groups = _groups(shirts[known], weights[known])[:2]
    centres = np.array([np.average(shirts[known[g]], axis=0, weights=weights[known[g]]) for g in groups])
    if before is not None and len(before):
        centres = _as_before(centres, before)
    for row in known.tolist():
        apart = np.linalg.norm(shirts[row] - centres, axis=1)
        nearest = int(apart.argmin())
        clear = len(apart) == 1 or apart.min() < 0.6 * apart.max()
        if apart[nearest] < 1.2 * _SAME_SHIRT and clear:
            found[row] = Side("player", "AB"[nearest])
        elif len(centres) == 2 and apart.min() > _FAR:
            found[row] = Side("referee" if black[row] else "other", None)
    return Sides(found, centres.astype(np.float32))


def _as_before(centres: Floats, before: Floats) -> Floats:
    """Give the teams the order that they had; a team that is not to be seen keeps its colours."""
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


def _groups(shirts: Floats, weights: Floats) -> list[list[int]]:
    """Rows by like shirts, the heaviest group first; average linkage, cut at `_SAME_SHIRT`."""
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
    # more persons first, then more of them seen; a tie goes to the smallest number, whatever the order
    return sorted(groups, key=lambda g: (-len(g), -float(weights[g].sum()), min(g)))


def _is_black(colour: Floats) -> bool:
    return bool(colour[0] < _DARK and np.hypot(colour[1], colour[2]) < _PALE)
