"""Annotations: frames whose ball nobody labelled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raasid.data.checks.ball_track import BallTrack, Floats, ball_track, time_s
from raasid.data.checks.finding import Finding
from raasid.data.checks.subject import Subject
from raasid.data.records import Clip, Frame

_STATED = frozenset({"no_ball", "ball_hidden"})
"""Tags by which an annotator says that there is none to see."""
_REACH_S = 0.25
"""How far beyond the first and the last ball of a clip its path may be continued, seconds."""
_NEAR = 4
"""Frames of the known path from which it is continued."""


def check(subject: Subject) -> Iterator[Finding]:
    """Find frames without any ball where its path, known from the frames around, lies in the picture.

    A ball that is labelled hidden or absent is not missing, nor is one whose path leads out of the frame.
    """
    for clip in subject.clips:
        track = ball_track(clip)
        if len(track.position) < 2:
            continue
        for position, frame in enumerate(clip.frames):
            if frame.balls or _STATED.intersection(frame.tags):
                continue
            place = _expected(clip, track, position, subject.thresholds.gap_s)
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
