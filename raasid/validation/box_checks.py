"""Checks of boxes, names and contacts: impossible or duplicate boxes, unknown names, dangling contacts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np

from raasid.footage.records import Ball, Clip, Frame, Person, Role, Visibility
from raasid.geometry import iou_xywh
from raasid.laws.facts import FactsUnreadable, Segment, read_facts
from raasid.validation.types import Box, CheckInput, Finding

_MIN_OVERHANG_PX = 1.0
"""A smaller overhang is rounding."""


def check_boxes(data: CheckInput) -> Iterator[Finding]:
    """Find coordinates that are not finite, boxes without size, and boxes that leave the frame."""
    for clip in data.clips:
        for frame in clip.frames:
            for ball in frame.balls:
                if ball.visibility != Visibility.ABSENT:
                    yield from _ball(clip, frame, ball, data.thresholds.overhang)
            for person in frame.persons:
                yield from _person(clip, frame, person, data.thresholds.overhang)


def _ball(clip: Clip, frame: Frame, ball: Ball, overhang: float) -> Iterator[Finding]:
    numbers = (ball.x, ball.y, ball.w, ball.h)
    box = (ball.x - ball.w / 2, ball.y - ball.h / 2, ball.w, ball.h)
    if not all(map(math.isfinite, numbers)):
        yield _finding("not_finite", clip, frame, f"ball at {_format(numbers)}", box)
    elif (ball.w > 0) != (ball.h > 0) or ball.w < 0 or ball.h < 0:  # 0 by 0 is a point
        yield _finding("no_size", clip, frame, f"ball of {ball.w:g} x {ball.h:g} pixels", box)
    else:
        yield from _outside(clip, frame, "ball", box, overhang, None)


def _person(clip: Clip, frame: Frame, person: Person, overhang: float) -> Iterator[Finding]:
    box = person.box
    points = [value for x, y, visible in person.keypoints if visible for value in (x, y)]
    if not all(map(math.isfinite, (*box, *points))):
        what = "box" if not all(map(math.isfinite, box)) else "keypoint"
        yield _finding(
            "not_finite", clip, frame, f"{what} of {person.role} {person.track}", box, person.track
        )
    elif box[2] <= 0 or box[3] <= 0:
        message = f"{person.role} {person.track} of {box[2]:g} x {box[3]:g} pixels"
        yield _finding("no_size", clip, frame, message, box, person.track)
    else:
        yield from _outside(clip, frame, f"{person.role} {person.track}", box, overhang, person.track)


def _outside(
    clip: Clip, frame: Frame, name: str, box: Box, overhang: float, track: int | None
) -> Iterator[Finding]:
    if not frame.width or not frame.height:
        return
    x, y, w, h = box
    across = max(-x, x + w - frame.width) - max(_MIN_OVERHANG_PX, overhang * frame.width)
    down = max(-y, y + h - frame.height) - max(_MIN_OVERHANG_PX, overhang * frame.height)
    if across > 0 or down > 0:
        message = f"{name}: box {_format(box)} in a frame of {frame.width}x{frame.height}"
        yield _finding("box_outside", clip, frame, message, box, track)


def _finding(
    kind: str, clip: Clip, frame: Frame, message: str, box: Box, track: int | None = None
) -> Finding:
    return Finding(kind, clip.id, frame.index, message, track, str(frame.image), place=box)


def _format(numbers: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{number:.5g}" for number in numbers) + ")"


def check_duplicate_boxes(data: CheckInput) -> Iterator[Finding]:
    """Find boxes of one frame that cover each other, and tracks that occur twice in a frame."""
    max_iou = data.thresholds.overlap
    for clip in data.clips:
        for frame in clip.frames:
            tracks = [person.track for person in frame.persons]
            persons = [person.box for person in frame.persons]
            for i, j in _overlapping_pairs(persons, max_iou):
                message = f"persons {tracks[i]} and {tracks[j]} have one box"
                yield Finding(
                    "duplicate_box",
                    clip.id,
                    frame.index,
                    message,
                    tracks[j],
                    str(frame.image),
                    place=persons[j],
                )
            for track in sorted({track for track in tracks if tracks.count(track) > 1}):
                box = persons[tracks.index(track)]
                message = f"track {track} is there {tracks.count(track)} times"
                yield Finding(
                    "duplicate_box", clip.id, frame.index, message, track, str(frame.image), place=box
                )
            balls = [(b.x - b.w / 2, b.y - b.h / 2, b.w, b.h) for b in frame.balls]
            for _, j in _overlapping_pairs(balls, max_iou):
                message = "two balls have one box"
                yield Finding(
                    "duplicate_box", clip.id, frame.index, message, None, str(frame.image), place=balls[j]
                )


def _overlapping_pairs(boxes: Sequence[Box], max_iou: float) -> list[tuple[int, int]]:
    """Return the pairs i < j whose intersection over union exceeds `max_iou`."""
    if len(boxes) < 2:
        return []
    box = np.array(boxes, np.float64)
    with np.errstate(invalid="ignore"):  # coordinates may be infinite or NaN
        found = iou_xywh(box, box) > max_iou
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(found, 1))]


_ROLES: set[str] = set(get_args(Role))
_SEGMENTS: set[str] = set(get_args(Segment))


def check_names(data: CheckInput) -> Iterator[Finding]:
    """Find names outside the lists of `records.Role`, `facts.Segment` and `facts.Facts`."""
    for clip in data.clips:
        yield from _roles(clip)
        if clip.contact is not None and clip.contact.segment not in _SEGMENTS:
            message = f"body segment {clip.contact.segment!r}; known are {', '.join(sorted(_SEGMENTS))}"
            yield Finding("unknown_name", clip.id, clip.contact.frame, message, clip.contact.person)
        try:
            read_facts(clip.facts)
        except FactsUnreadable as error:
            yield Finding("unknown_name", clip.id, None, str(error), frames=len(clip.frames))


def _roles(clip: Clip) -> Iterator[Finding]:
    frames_of: dict[str, list[int]] = defaultdict(list)
    for frame in clip.frames:
        for role in {str(person.role) for person in frame.persons} - _ROLES:
            frames_of[role].append(frame.index)
    for role, frames in sorted(frames_of.items()):
        message = f"role {role!r} in {len(frames)} frames; known are {', '.join(sorted(_ROLES))}"
        yield Finding("unknown_name", clip.id, frames[0], message, frames=len(frames))


def check_contact(data: CheckInput) -> Iterator[Finding]:
    """Find contacts whose frame or person is not in the clip; clips without persons are not checked."""
    for clip in data.clips:
        contact = clip.contact
        if contact is None or not clip.frames:
            continue
        tracks = {person.track for frame in clip.frames for person in frame.persons}
        first, last = clip.frames[0].index, clip.frames[-1].index
        if not first <= contact.frame <= last:
            message = f"contact in frame {contact.frame}; the clip has {first} to {last}"
            yield Finding("bad_contact", clip.id, contact.frame, message, contact.person)
        elif tracks and contact.person not in tracks:
            message = f"contact with person {contact.person}, who is in no frame"
            yield Finding("bad_contact", clip.id, contact.frame, message, contact.person)
