"""Annotations: boxes that are no boxes, or not in the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator

from raasid.data.checks.finding import Finding, Place
from raasid.data.checks.subject import Subject
from raasid.data.records import Ball, Clip, Frame, Person, Visibility

_LEAST_OVERHANG = 1.0
"""Pixels: rounding."""


def check(subject: Subject) -> Iterator[Finding]:
    """Find coordinates that are not finite, boxes without size, and boxes that leave the frame."""
    for clip in subject.clips:
        for frame in clip.frames:
            for ball in frame.balls:
                if ball.visibility != Visibility.ABSENT:
                    yield from _ball(clip, frame, ball, subject.thresholds.overhang)
            for person in frame.persons:
                yield from _person(clip, frame, person, subject.thresholds.overhang)


def _ball(clip: Clip, frame: Frame, ball: Ball, overhang: float) -> Iterator[Finding]:
    numbers = (ball.x, ball.y, ball.w, ball.h)
    place = (ball.x - ball.w / 2, ball.y - ball.h / 2, ball.w, ball.h)
    if not all(map(math.isfinite, numbers)):
        yield _found("not_finite", clip, frame, f"ball at {_told(numbers)}", place)
    elif (ball.w > 0) != (ball.h > 0) or ball.w < 0 or ball.h < 0:  # 0 by 0 is a point
        yield _found("no_size", clip, frame, f"ball of {ball.w:g} x {ball.h:g} pixels", place)
    else:
        yield from _outside(clip, frame, "ball", place, overhang, None)


def _person(clip: Clip, frame: Frame, person: Person, overhang: float) -> Iterator[Finding]:
    box = person.box
    points = [value for x, y, visible in person.keypoints if visible for value in (x, y)]
    if not all(map(math.isfinite, (*box, *points))):
        what = "box" if not all(map(math.isfinite, box)) else "keypoint"
        yield _found("not_finite", clip, frame, f"{what} of {person.role} {person.track}", box, person.track)
    elif box[2] <= 0 or box[3] <= 0:
        told = f"{person.role} {person.track} of {box[2]:g} x {box[3]:g} pixels"
        yield _found("no_size", clip, frame, told, box, person.track)
    else:
        yield from _outside(clip, frame, f"{person.role} {person.track}", box, overhang, person.track)


def _outside(
    clip: Clip, frame: Frame, name: str, box: Place, overhang: float, track: int | None
) -> Iterator[Finding]:
    if not frame.width or not frame.height:
        return
    x, y, w, h = box
    across = max(-x, x + w - frame.width) - max(_LEAST_OVERHANG, overhang * frame.width)
    down = max(-y, y + h - frame.height) - max(_LEAST_OVERHANG, overhang * frame.height)
    if across > 0 or down > 0:
        told = f"{name}: box {_told(box)} in a frame of {frame.width}x{frame.height}"
        yield _found("box_outside", clip, frame, told, box, track)


def _found(
    kind: str, clip: Clip, frame: Frame, message: str, place: Place, track: int | None = None
) -> Finding:
    return Finding(kind, clip.id, frame.index, message, track, str(frame.image), place=place)


def _told(numbers: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{number:.5g}" for number in numbers) + ")"
