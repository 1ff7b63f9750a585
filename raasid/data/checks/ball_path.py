"""Annotations: a ball that is not where, or not as large as, the frames around have it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raasid.data.checks.ball_track import BallTrack, ball_track
from raasid.data.checks.finding import Finding
from raasid.data.checks.subject import Subject
from raasid.data.records import Clip

_AROUND = 3
"""Balls on either side with which a ball's size is compared."""


def check(subject: Subject) -> Iterator[Finding]:
    """Find balls that leave their path for one frame, and balls of an odd size."""
    limits = subject.thresholds
    for clip in subject.clips:
        track = ball_track(clip)
        for k in range(len(track.position)):
            yield from _size(clip, track, k, limits.ball_ratio)
        for k in range(1, len(track.position) - 1):
            if track.time_s[k + 1] - track.time_s[k - 1] <= limits.gap_s:
                yield from _jump(clip, track, k, limits.ball_leap)


def _size(clip: Clip, track: BallTrack, k: int, most: float) -> Iterator[Finding]:
    around = np.r_[track.diameter[max(0, k - _AROUND) : k], track.diameter[k + 1 : k + 1 + _AROUND]]
    around = around[~np.isnan(around)]
    if len(around) < 2 or np.isnan(track.diameter[k]) or _at_edge(clip, track, k):
        return
    usual, here = float(np.median(around)), float(track.diameter[k])
    ratio = max(here / usual, usual / here)
    if ratio > most:
        told = f"the ball measures {here:.1f} pixels, around it {usual:.1f}"
        yield _found("ball_size", clip, track, k, told, ratio, most)


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
        told = f"the ball is {off:.0f} pixels off the path between the frames around"
        yield _found("ball_jump", clip, track, k, told, off / width, most)


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
