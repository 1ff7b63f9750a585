"""The match ball of a clip through time.

Annotations: a ball that is not where, or not as large as, the frames around have it.

Annotations: frames whose ball nobody labelled.
"""

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


_AROUND = 3
"""Balls on either side with which a ball's size is compared."""


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


def _size(clip: Clip, track: BallTrack, k: int, most: float) -> Iterator[Finding]:
    around = np.r_[track.diameter[max(0, k - _AROUND) : k], track.diameter[k + 1 : k + 1 + _AROUND]]
    around = around[~np.isnan(around)]
    if len(around) < 2 or np.isnan(track.diameter[k]) or _at_edge(clip, track, k):
        return
    usual, here = float(np.median(around)), float(track.diameter[k])
    ratio = max(here / usual, usual / here)
    if ratio > most:
        message = f"the ball measures {here:.1f} pixels, around it {usual:.1f}"
        yield _found("ball_size", clip, track, k, message, ratio, most)


def _at_edge(clip: Clip, track: BallTrack, k: int) -> bool:
    """Whether the frame's edge cuts the ball."""
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


def _jump(clip: Clip, track: BallTrack, k: int, most: float) -> Iterator[Finding]:
    a, b, c = track.xy[k - 1 : k + 2]
    share = (track.time_s[k] - track.time_s[k - 1]) / (track.time_s[k + 1] - track.time_s[k - 1])
    off = float(np.linalg.norm(b - (a + share * (c - a))))
    frame = clip.frames[track.position[k]]
    width = frame.width or 1920
    # a kick bends the path once; a wrong label leaves it and comes back
    if off > most * width and off > 1.5 * float(np.linalg.norm(c - a)):
        message = f"the ball is {off:.0f} pixels off the path between the frames around"
        yield _found("ball_jump", clip, track, k, message, off / width, most)


def _found(
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


_STATED = frozenset({"no_ball", "ball_hidden"})
"""Tags by which an annotator says that there is none to see."""
_REACH_S = 0.25
"""How far beyond the first and the last ball of a clip its path may be continued, seconds."""
_NEAR = 4
"""Frames of the known path from which it is continued."""


def check_missing_ball(data: CheckInput) -> Iterator[Finding]:
    """Find frames without any ball where its path, known from the frames around, lies in the picture.

    A ball that is labelled hidden or absent is not missing, nor is one whose path leads out of the frame.
    """
    for clip in data.clips:
        track = ball_track(clip)
        if len(track.position) < 2:
            continue
        for position, frame in enumerate(clip.frames):
            if frame.balls or _STATED.intersection(frame.tags):
                continue
            place = _expected(clip, track, position, data.thresholds.gap_s)
            if place is not None and _inside(frame, place):
                side = 4 * _usual(track)
                x, y = place.tolist()
                yield Finding(
                    "missing_ball",
                    clip.id,
                    frame.index,
                    f"no ball is labelled; its path leads through ({x:.0f}, {y:.0f})",
                    path=str(frame.image),
                    place=(x - side / 2, y - side / 2, side, side),
                )


def _expected(clip: Clip, track: BallTrack, position: int, gap_s: float) -> Floats | None:
    """Where the ball should be: between its neighbours, or a little beyond the last one."""
    now = time_s(clip, clip.frames[position])
    after = int(np.searchsorted(track.position, position))
    before = after - 1
    if before >= 0 and after < len(track.position):
        start, end = track.time_s[before], track.time_s[after]
        if end - start > gap_s:
            return None
        share = (now - start) / (end - start)
        return np.asarray(track.xy[before] + share * (track.xy[after] - track.xy[before]))
    near = slice(0, _NEAR) if before < 0 else slice(-_NEAR, None)
    times, way = track.time_s[near], track.xy[near]
    edge = times[0] if before < 0 else times[-1]
    if abs(now - edge) > _REACH_S or times[-1] - times[0] > gap_s:
        return None
    speed = np.polyfit(times - times.mean(), way, 1)[0]
    return np.asarray(way[0 if before < 0 else -1] + speed * (now - edge))


def _usual(track: BallTrack) -> float:
    """The ball's usual diameter in pixels; a guess where balls are points."""
    known = track.diameter[~np.isnan(track.diameter)]
    return float(np.median(known)) if len(known) else 8.0


def _inside(frame: Frame, place: Floats) -> bool:
    x, y = place.tolist()
    return not frame.width or bool(0 < x < frame.width and 0 < y < frame.height)
