"""Segments of the body as capsules between joints, and their distance from a ball."""

from __future__ import annotations

import numpy as np

from raasid.laws.facts import ARM, Segment
from raasid.synthetic.arrays import Floats
from raasid.synthetic.ball_physics import RADIUS_M
from raasid.synthetic.skeleton import CHEST, CROWN, HEAD, LEFT_HAND, LEFT_TOE, PELVIS

_SIDED: list[tuple[str, int, int, float, float, float]] = [
    ("hand", 9, LEFT_HAND, 0.10, 0.90, 0.042),
    ("forearm", 7, 9, 0.0, 1.0, 0.039),
    ("upper_arm", 5, 7, 0.62, 1.0, 0.045),
    ("upper_arm", 5, 7, 0.40, 0.62, 0.060),
    ("shoulder", 5, 7, 0.0, 0.30, 0.060),
    ("thigh", 11, 13, 0.05, 0.62, 0.092),
    ("thigh", 11, 13, 0.62, 1.0, 0.066),
    ("shin", 15, 13, 0.0, 0.88, 0.054),
    ("foot", 15, LEFT_TOE, -0.10, 1.0, 0.050),
]
_MIDDLE: list[tuple[str, int, int, float, float, float]] = [
    ("head", HEAD, HEAD, 0.0, 0.0, 0.105),
    ("head", CROWN, CROWN, 0.0, 0.0, 0.100),
    ("head", CHEST, HEAD, 0.1, 0.7, 0.058),
    ("chest", PELVIS, CHEST, 0.50, 0.84, 0.155),
    ("chest", PELVIS, CHEST, 0.18, 0.55, 0.138),
    ("shoulder", 5, 6, 0.04, 0.96, 0.074),
    ("hip", 11, 12, 0.0, 1.0, 0.110),
]
CAPSULES = [
    *[(name, side, a + side, b + side, lo, hi, r) for name, a, b, lo, hi, r in _SIDED for side in (0, 1)],
    *[(name, -1, a, b, lo, hi, r) for name, a, b, lo, hi, r in _MIDDLE],
]
"""Segment, side (0 left, 1 right, -1 neither), joints of the axis, part of the axis, radius in metres.

They match the capsules of `body_rendering`, so that a touch here is a touch in the image. The back is the
far side of the chest; the arm ends a third of the upper arm below the shoulder, at the height of the armpit.
"""
SEGMENT = np.array([c[0] for c in CAPSULES])
SIDE = np.array([c[1] for c in CAPSULES])
RADII_M = np.array([c[6] for c in CAPSULES])
_A, _B = np.array([c[2] for c in CAPSULES]), np.array([c[3] for c in CAPSULES])
_FROM, _TO = np.array([c[4] for c in CAPSULES])[:, None], np.array([c[5] for c in CAPSULES])[:, None]
ON_ARM = np.isin(SEGMENT, sorted(ARM))
MAIN_PART: dict[Segment, str] = {"back": "chest"}


def axes(joints: Floats) -> tuple[Floats, Floats]:
    """Return the ends (..., S, 3) of the axes of the capsules, for joints (..., 25, 3)."""
    a, b = joints[..., _A, :], joints[..., _B, :]
    return a + (b - a) * _FROM, a + (b - a) * _TO


def gaps(joints: Floats, ball: Floats) -> Floats:
    """Return (..., S) metres between each capsule and a ball with centre (..., 3); below 0 they overlap."""
    a, b = axes(joints)
    along = b - a
    to_ball = ball[..., None, :] - a
    share = (to_ball * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-12)
    away = to_ball - np.clip(share, 0, 1)[..., None] * along
    return np.asarray(np.linalg.norm(away, axis=-1) - RADII_M - RADIUS_M)


def index_of(segment: Segment, side: int) -> int:
    """Return the index of the first capsule of a segment on a side; segments in the middle have one."""
    name = MAIN_PART.get(segment, segment)
    matches = (name == SEGMENT) & ((side == SIDE) | (SIDE == -1))
    return int(np.flatnonzero(matches)[0])
