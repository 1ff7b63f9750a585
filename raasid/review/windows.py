"""Which moments of a clip are judged: those in which the ball comes nearest to an arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raasid.review.reach import Reach

NEAR = 1.0
"""Arm lengths from ball to arm beyond which a moment is looked at only if none is nearer."""


@dataclass(frozen=True, slots=True)
class Window:
    """Frames start to stop - 1 of a clip, round the approach at `nearest`."""

    start: int
    stop: int
    nearest: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The windows that are judged, in the order of time, and how many more approaches there were."""

    windows: tuple[Window, ...]
    passed_over: int


def choose(reach: Reach, frame_rate_hz: float, window_s: float, most: int) -> Choice:
    """Choose the nearest approaches, each outside the windows of nearer ones; none where no gap is known."""
    frames = len(reach.gap)
    length = min(max(1, round(window_s * frame_rate_hz)), frames)
    order = np.argsort(reach.gap + np.where(reach.seen, 0.0, 1e-3), kind="stable")
    order = order[np.isfinite(reach.gap[order])]
    taken = np.zeros(frames, bool)
    chosen: list[int] = []
    passed_over = 0
    for at in map(int, order):
        if chosen and reach.gap[at] > NEAR:
            break
        if taken[at]:
            continue
        # the slope of an approach belongs to it: only what the window round it does not hold is new
        window = _window(at, length, frames)
        taken[window.start : window.stop] = True
        if len(chosen) < most:
            chosen.append(at)
        else:
            passed_over += 1
    return Choice(tuple(_window(at, length, frames) for at in sorted(chosen)), passed_over)


def _window(at: int, length: int, frames: int) -> Window:
    start = min(max(0, at - length // 2), frames - length)
    return Window(start, start + length, at)
