"""Checks of the ball over time: positions off its path, odd sizes, frames without a labelled ball."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.footage.records import Clip, Frame
from raasid.validation.types import CheckInput, Finding

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BallTrack:
    """The visible balls of a clip."""

    position: NDArray[np.int64]
    """(N,) position of the frame in the clip, rising."""
    time_s: Floats
    """(N,)"""
    xy: Floats
    """(N, 2) pixels."""
    diameter: Floats
    """(N,) shorter side of the box, which motion blur does not change; NaN for balls given as points."""


def ball_track(clip: Clip) -> BallTrack:
    """Return the ball of each frame of a clip."""
    rows = []
    for position, frame in enumerate(clip.frames):
        ball = frame.ball
        if ball is not None and all(map(math.isfinite, (ball.x, ball.y, ball.w, ball.h))):
            rows.append((position, time_s(clip, frame), ball.x, ball.y, min(ball.w, ball.h) or math.nan))
    table = np.array(rows, np.float64).reshape(-1, 5)
    return BallTrack(table[:, 0].astype(np.int64), table[:, 1], table[:, 2:4], table[:, 4])


def time_s(clip: Clip, frame: Frame) -> float:
    """Return the time of a frame in seconds of its clip."""
    return frame.index / clip.frame_rate_hz


_NUM_NEIGHBOURS = 3
"""Balls before and after with which a ball's size is compared."""


def check_ball_path(data: CheckInput) -> Iterator[Finding]:
    """Find balls that leave their path for one frame, and balls of an odd size."""
    thresholds = data.thresholds
    for clip in data.clips:
        track = ball_track(clip)
        for k in range(len(track.position)):
            yield from _size(clip, track, k, thresholds.ball_ratio)
        for k in range(1, len(track.position) - 1):
            if track.time_s[k + 1] - track.time_s[k - 1] <= thresholds.gap_s:
                yield from _jump(clip, track, k, thresholds.ball_leap)


def _size(clip: Clip, track: BallTrack, k: int, limit: float) -> Iterator[Finding]:
    around = np.r_[
        track.diameter[max(0, k - _NUM_NEIGHBOURS) : k], track.diameter[k + 1 : k + 1 + _NUM_NEIGHBOURS]
    ]
    around = around[~np.isnan(around)]
    if len(around) < 2 or np.isnan(track.diameter[k]) or _at_edge(clip, track, k):
        return
    median, diameter = float(np.median(around)), float(track.diameter[k])
    ratio = max(diameter / median, median / diameter)
    if ratio > limit:
        message = f"the ball measures {diameter:.1f} pixels, around it {median:.1f}"
        yield _finding("ball_size", clip, track, k, message, ratio, limit)


def _at_edge(clip: Clip, track: BallTrack, k: int) -> bool:
    """Whether the ball is truncated by the frame's edge."""
    frame = clip.frames[track.position[k]]
    ball = frame.ball
    if ball is None or not frame.width:
        return True
    x, y = ball.x, ball.y
    return bool(
        x - ball.w / 2 < 2
        or y - ball.h / 2 < 2
        or x + ball.w / 2 > frame.width - 2
        or y + ball.h / 2 > frame.height - 2
    )


def _jump(clip: Clip, track: BallTrack, k: int, limit: float) -> Iterator[Finding]:
    a, b, c = track.xy[k - 1 : k + 2]
    share = (track.time_s[k] - track.time_s[k - 1]) / (track.time_s[k + 1] - track.time_s[k - 1])
    off = float(np.linalg.norm(b - (a + share * (c - a))))
    frame = clip.frames[track.position[k]]
    width = frame.width or 1920
    # a kick bends the path once; a wrong label leaves it and comes back
    if off > limit * width and off > 1.5 * float(np.linalg.norm(c - a)):
        message = f"the ball is {off:.0f} pixels off the path between the frames around"
        yield _finding("ball_jump", clip, track, k, message, off / width, limit)


def _finding(
    kind: str, clip: Clip, track: BallTrack, k: int, message: str, value: float, limit: float
) -> Finding:
    frame = clip.frames[track.position[k]]
    x, y = track.xy[k].tolist()
    side = 4 * float(np.nan_to_num(track.diameter[k], nan=8.0))
    place = (x - side / 2, y - side / 2, side, side)
    return Finding(
        kind,
        clip.id,
        frame.index,
        message,
        None,
        str(frame.image),
        value,
        limit,
        severity="warning",
        place=place,
    )


_NO_BALL_TAGS = frozenset({"no_ball", "ball_hidden"})
"""Tags with which an annotator states that no ball is visible."""
_MAX_EXTRAPOLATION_S = 0.25
"""How far the path is extrapolated before the first and after the last ball of a clip."""
_NUM_FITTED = 4
"""Balls from which the path is extrapolated."""


def check_missing_ball(data: CheckInput) -> Iterator[Finding]:
    """Find frames without a ball although its path, known from the frames around, is inside the frame.

    A ball that is labelled hidden or absent is not missing, nor is one whose path leaves the frame.
    """
    for clip in data.clips:
        track = ball_track(clip)
        if len(track.position) < 2:
            continue
        for position, frame in enumerate(clip.frames):
            if frame.balls or _NO_BALL_TAGS.intersection(frame.tags):
                continue
            expected = _expected(clip, track, position, data.thresholds.gap_s)
            if expected is not None and _inside(frame, expected):
                side = 4 * _median_diameter(track)
                x, y = expected.tolist()
                yield Finding(
                    "missing_ball",
                    clip.id,
                    frame.index,
                    f"no ball is labelled; its path leads through ({x:.0f}, {y:.0f})",
                    path=str(frame.image),
                    place=(x - side / 2, y - side / 2, side, side),
                )


def _expected(clip: Clip, track: BallTrack, position: int, gap_s: float) -> Floats | None:
    """Return where the ball should be: between its neighbours, or extrapolated; None if unknown."""
    now = time_s(clip, clip.frames[position])
    after = int(np.searchsorted(track.position, position))
    before = after - 1
    if before >= 0 and after < len(track.position):
        start, end = track.time_s[before], track.time_s[after]
        if end - start > gap_s:
            return None
        share = (now - start) / (end - start)
        return np.asarray(track.xy[before] + share * (track.xy[after] - track.xy[before]))
    fitted = slice(0, _NUM_FITTED) if before < 0 else slice(-_NUM_FITTED, None)
    times, path = track.time_s[fitted], track.xy[fitted]
    edge = times[0] if before < 0 else times[-1]
    if abs(now - edge) > _MAX_EXTRAPOLATION_S or times[-1] - times[0] > gap_s:
        return None
    speed = np.polyfit(times - times.mean(), path, 1)[0]
    return np.asarray(path[0 if before < 0 else -1] + speed * (now - edge))


def _median_diameter(track: BallTrack) -> float:
    """Return the ball's median diameter in pixels; a guess if all balls are points."""
    known = track.diameter[~np.isnan(track.diameter)]
    return float(np.median(known)) if len(known) else 8.0


def _inside(frame: Frame, xy: Floats) -> bool:
    x, y = xy.tolist()
    return not frame.width or bool(0 < x < frame.width and 0 < y < frame.height)
