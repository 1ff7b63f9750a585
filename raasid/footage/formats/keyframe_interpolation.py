"""Keyframe interpolation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from raasid.footage.records import Ball, Keypoint, Person

MAX_GAP_FRAMES = 1500
"""Frames between two keyframes, one minute at 25 Hz; whoever left a larger gap meant no straight line."""

Record = Ball | Person


def interpolate(
    keys: Mapping[int, Record | None],
    *,
    stop: int | None,
    step: int = 1,
    written: int = 0,
    bad: Callable[[int, str], None],
) -> Iterator[tuple[int, Record]]:
    """Yield (frame, record) for each frame in which a track can be seen, in order.

    keys: keyframes; None where the track goes out of sight, to come back at the next keyframe or never.
    stop: the first frame after the last keyframe in which the track is gone; None: right after it.
    step: distance of the frames that exist. written: how many frames the file itself lists between the
    keyframes; so many may be filled beyond `MAX_GAP_FRAMES`.
    bad: hears of gaps that are too long to be filled: the keyframe before it, and the reason.
    """
    frames = sorted(keys)
    ends: list[int | None] = [*frames[1:], stop]
    for start, end in zip(frames, ends, strict=False):  # without any keyframe there is one end too many
        first = keys[start]
        if first is None:
            continue
        yield start, first
        if end is None or end - start <= step:
            continue
        if (end - start) // step > MAX_GAP_FRAMES + written:
            bad(start, f"gap too long to fill: {(end - start) // step} frames after frame {start}")
            continue
        second = keys.get(end)
        for frame in range(start + step, end, step):
            between = (
                first if second is None else interpolate_pair(first, second, (frame - start) / (end - start))
            )
            yield frame, between


def interpolate_pair(first: Record, second: Record, share: float) -> Record:
    """Return what lies between two records of a track; what is not a place is the first one's."""
    if isinstance(first, Ball):
        return _ball(first, second, share) if isinstance(second, Ball) else first
    return _person(first, second, share) if isinstance(second, Person) else first


def _ball(first: Ball, second: Ball, share: float) -> Ball:
    before, after = (first.x, first.y, first.w, first.h), (second.x, second.y, second.w, second.h)
    if before == after:  # one record for all frames in which nothing moves
        return first
    x, y, w, h = _line(before, after, share)
    return Ball(x, y, w, h, first.visibility, first.source)


def _person(first: Person, second: Person, share: float) -> Person:
    if (first.box, first.keypoints) == (second.box, second.keypoints):
        return first
    x, y, w, h = _line(first.box, second.box, share)
    points = first.keypoints
    if len(points) == len(second.keypoints):
        points = tuple(_point(a, b, share) for a, b in zip(points, second.keypoints, strict=True))
    return replace(first, box=(x, y, w, h), keypoints=points)


def _point(first: Keypoint, second: Keypoint, share: float) -> Keypoint:
    if not (first[2] and second[2]):
        return first
    x, y = _line(first[:2], second[:2], share)
    return x, y, first[2]


def _line(first: tuple[float, ...], second: tuple[float, ...], share: float) -> list[float]:
    return [a + (b - a) * share for a, b in zip(first, second, strict=True)]
