"""A drawn person, large and plain: what a pose tracker is shown first, so that it looks in the right place.

BlazePose finds a person by a detector that wants a head of some size, and then follows them by their
joints. Players of thirty pixels pass the second net but not the first. Shown this figure and then a player's
crop in the same place, the tracker goes straight to the joints.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Point = tuple[float, float]

_GRASS, _SKIN, _SHIRT, _SHORTS = (70, 120, 80), (140, 170, 220), (235, 235, 235), (60, 40, 30)
_SOCKS, _BOOTS, _HAIR, _EYES, _LIPS = (230, 230, 230), (20, 20, 20), (30, 40, 60), (30, 30, 40), (90, 90, 180)
_FINE = 2


@cache
def drawn_figure(edge: int, height: float) -> Image:
    """Return a square picture (edge, edge, 3) blue-green-red with a frontal person in its middle.

    height: of the person, as a share of the edge.
    """
    canvas = np.full((edge * _FINE, edge * _FINE, 3), _GRASS, np.uint8)
    pen = _Pen(canvas, height)
    for side in (-1.0, 1.0):
        _leg(pen, side)
        _arm(pen, side)
    pen.shape([(-0.13, 0.175), (0.13, 0.175), (0.10, 0.50), (-0.10, 0.50)], _SHIRT)
    pen.limb((0, 0.13), (0, 0.18), 0.06, _SKIN)
    _head(pen)
    return np.asarray(cv2.resize(canvas, (edge, edge), interpolation=cv2.INTER_AREA), np.uint8)


class _Pen:
    """Draws in body units: x from the middle, y from the crown down, both in heights of the person."""

    def __init__(self, canvas: Image, height: float) -> None:
        self._canvas, side = canvas, canvas.shape[0]
        self._unit = height * side
        self._origin = side / 2, (side - self._unit) / 2

    def _at(self, point: Point) -> tuple[int, int]:
        return (
            round(self._origin[0] + point[0] * self._unit),
            round(self._origin[1] + point[1] * self._unit),
        )

    def limb(self, start: Point, stop: Point, width: float, colour: tuple[int, int, int]) -> None:
        thick = max(1, round(width * self._unit))
        cv2.line(self._canvas, self._at(start), self._at(stop), colour, thick)

    def shape(self, corners: list[Point], colour: tuple[int, int, int]) -> None:
        cv2.fillPoly(self._canvas, [np.array([self._at(corner) for corner in corners])], colour)

    def oval(
        self, centre: Point, radii: Point, colour: tuple[int, int, int], arc: tuple[int, int] = (0, 360)
    ) -> None:
        axes = max(1, round(radii[0] * self._unit)), max(1, round(radii[1] * self._unit))
        cv2.ellipse(self._canvas, self._at(centre), axes, 0, *arc, colour, cv2.FILLED)


def _leg(pen: _Pen, side: float) -> None:
    pen.limb((side * 0.060, 0.52), (side * 0.075, 0.75), 0.075, _SKIN)
    pen.limb((side * 0.075, 0.75), (side * 0.080, 0.96), 0.055, _SOCKS)
    pen.limb((side * 0.080, 0.97), (side * 0.110, 0.985), 0.050, _BOOTS)
    pen.limb((side * 0.050, 0.47), (side * 0.070, 0.62), 0.100, _SHORTS)


def _arm(pen: _Pen, side: float) -> None:
    shoulder, elbow, wrist = (side * 0.115, 0.21), (side * 0.205, 0.347), (side * 0.244, 0.492)
    pen.limb(shoulder, elbow, 0.050, _SKIN)
    pen.limb(shoulder, (side * 0.160, 0.287), 0.070, _SHIRT)
    pen.limb(elbow, wrist, 0.042, _SKIN)
    pen.oval(wrist, (0.028, 0.028), _SKIN)


def _head(pen: _Pen) -> None:
    pen.oval((0, 0.075), (0.048, 0.068), _SKIN)
    pen.oval((0, 0.045), (0.050, 0.045), _HAIR, (180, 360))
    for side in (-1.0, 1.0):
        pen.oval((side * 0.018, 0.070), (0.006, 0.006), _EYES)
        pen.limb((side * 0.010, 0.060), (side * 0.028, 0.058), 0.005, _HAIR)
    pen.limb((0, 0.075), (0.004, 0.092), 0.006, (110, 140, 190))
    pen.limb((-0.014, 0.112), (0.014, 0.112), 0.007, _LIPS)
