"""The field of play and its lines. Law 1: 105 m by 68 m, lines 12 cm wide."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from raasid.synthetic.arrays import Floats

LENGTH_M = 105.0
WIDTH_M = 68.0
LINE_M = 0.12
GOAL_M = 7.32
CROSSBAR_M = 2.44
SPOT_M = 0.15
"""Radius of a painted spot: with a diameter of 0.3 m it resembles a ball from far away."""


def spots() -> list[tuple[float, float]]:
    """Return the centre spot and the penalty spots, metres."""
    return [(0.0, 0.0), (LENGTH_M / 2 - 11, 0.0), (11 - LENGTH_M / 2, 0.0)]


def markings() -> list[Floats]:
    """Return every painted line as convex ground polygons (N, 3), metres."""
    x, y = LENGTH_M / 2, WIDTH_M / 2
    straight = [
        [(-x, -y), (x, -y)],
        [(-x, y), (x, y)],
        [(-x, -y), (-x, y)],
        [(x, -y), (x, y)],
        [(0, -y), (0, y)],
    ]
    out = [quad for ends in straight for quad in _strip(np.array(ends, dtype=float))]
    out += _strip(_arc((0, 0), 9.15, 0, 360))
    for side in (-1, 1):
        out += _box(16.5, 40.32, side) + _box(5.5, 18.32, side)
        middle = 180 if side > 0 else 0
        spread = float(np.degrees(np.arccos(5.5 / 9.15)))
        out += _strip(_arc((side * (x - 11), 0), 9.15, middle - spread, middle + spread))
        for end in (-1, 1):
            inward = {(-1, -1): 0, (1, -1): 90, (1, 1): 180, (-1, 1): 270}[side, end]
            out += _strip(_arc((side * x, end * y), 1.0, inward, inward + 90))
    return out + [_disc(*spot) for spot in spots()]


def line_distance(x: float, y: float) -> float:
    """Return the metres from a ground point to the nearest straight line or the centre circle."""
    half_length, half_width = LENGTH_M / 2, WIDTH_M / 2
    if abs(x) > half_length + 1 or abs(y) > half_width + 1:
        return float("inf")
    near = [abs(abs(y) - half_width), abs(abs(x) - half_length), abs(x), abs(float(np.hypot(x, y)) - 9.15)]
    for depth, half in ((16.5, 20.16), (5.5, 9.16)):
        inside = half_length - abs(x)
        if abs(y) <= half:
            near.append(abs(inside - depth))
        if inside <= depth:
            near.append(abs(abs(y) - half))
    return min(near)


def _strip(points: Floats) -> list[Floats]:
    """Return ground quads (4, 3) of line width along a path (N, 2)."""
    along = np.diff(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * LINE_M / 2
    tip = along * LINE_M / 2 if len(points) == 2 else 0.0
    a, b = points[:-1] - tip, points[1:] + tip
    quads = np.stack([a - side, a + side, b + side, b - side], axis=1)
    return [np.pad(q, ((0, 0), (0, 1))) for q in quads]


def _arc(centre: tuple[float, float], radius: float, start: float, stop: float) -> Floats:
    """Return points (N, 2) on a circle; angles in degrees."""
    turn = np.radians(np.linspace(start, stop, max(8, int(abs(stop - start) / 6) + 1)))
    return np.stack([centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn)], axis=1)


def _box(depth: float, width: float, side: int) -> list[Floats]:
    """Return the three lines of a goal area or penalty area as ground quads."""
    back, front, half = side * LENGTH_M / 2, side * (LENGTH_M / 2 - depth), width / 2
    corners = [(back, -half), (front, -half), (front, half), (back, half)]
    return [quad for a, b in pairwise(corners) for quad in _strip(np.array([a, b]))]


def _disc(x: float, y: float) -> Floats:
    return np.pad(_arc((x, y), SPOT_M, 0, 340), ((0, 0), (0, 1)))
