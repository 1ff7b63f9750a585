"""The match ball of a clip through time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.data.records import Clip, Frame

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BallTrack:
    """The frames of a clip in which the match ball is visible."""

    position: NDArray[np.int64]
    """(N,) position in the clip, rising."""
    time_s: Floats
    """(N,)"""
    xy: Floats
    """(N, 2) pixels."""
    diameter: Floats
    """(N,) the box's shorter side, which motion blur leaves alone; NaN for balls that are points."""


def ball_track(clip: Clip) -> BallTrack:
    """Follow the match ball of a clip."""
    rows = []
    for position, frame in enumerate(clip.frames):
        ball = frame.ball
        if ball is not None and all(map(math.isfinite, (ball.x, ball.y, ball.w, ball.h))):
            rows.append((position, time_s(clip, frame), ball.x, ball.y, min(ball.w, ball.h) or math.nan))
    table = np.array(rows, np.float64).reshape(-1, 5)
    return BallTrack(table[:, 0].astype(np.int64), table[:, 1], table[:, 2:4], table[:, 4])


def time_s(clip: Clip, frame: Frame) -> float:
    """When a frame was taken, in seconds of its clip."""
    return frame.index / clip.frame_rate_hz
