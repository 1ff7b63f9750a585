"""Which boxes of successive frames are the same person, by overlap and distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
_FARTHEST = 1.5
"""A person moves less than this many own heights from frame to frame, after the camera's own motion."""
_PATIENCE = 2
"""Frames that a person may be unseen and still be the same."""


@dataclass(slots=True)
class Tracks:
    """Numbers persons through one clip; told the boxes (left, top, width, height) frame by frame."""

    _last: dict[int, tuple[Box, int]] = field(default_factory=dict)
    _frame: int = 0
    _next: int = 0

    def number(self, boxes: Sequence[Box]) -> list[int]:
        """Return a number for each box; the same number is the same person."""
        self._frame += 1
        known = [(t, box) for t, (box, seen) in self._last.items() if self._frame - seen <= 1 + _PATIENCE]
        given = [-1] * len(boxes)
        if known and boxes:
            before, now = np.array([box for _, box in known]), np.array(boxes)
            feet_before = before[:, :2] + before[:, 2:] * [0.5, 1.0]
            feet_now = now[:, :2] + now[:, 2:] * [0.5, 1.0]
            move = _camera(feet_before, feet_now, float(np.median(now[:, 3])))
            apart = np.linalg.norm(feet_before[:, None] + move - feet_now[None], axis=2)
            cost = apart / np.maximum(before[:, None, 3], now[None, :, 3])
            for i, j in zip(*linear_sum_assignment(np.minimum(cost, 10 * _FARTHEST)), strict=True):
                if cost[i, j] < _FARTHEST:
                    given[j] = known[i][0]
        for place, box in enumerate(boxes):
            if given[place] < 0:
                given[place], self._next = self._next, self._next + 1
            self._last[given[place]] = (box, self._frame)
        return given


def _camera(before: Floats, now: Floats, height: float) -> Floats:
    """Return the shift (2,) that brings most people near their next place: a pan moves all of them."""
    moves = (now[None] - before[:, None]).reshape(-1, 2)
    near = moves[np.linalg.norm(moves, axis=1) < 6 * height]
    if len(near) < 3:
        return np.zeros(2)
    votes = (np.linalg.norm(near[:, None] - near[None], axis=2) < 0.4 * height).sum(axis=1)
    best = near[int(votes.argmax())]
    return np.asarray(np.median(near[np.linalg.norm(near - best, axis=1) < 0.4 * height], axis=0))
