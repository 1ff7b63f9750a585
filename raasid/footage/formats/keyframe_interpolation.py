"""Fills tracks between their keyframes by linear interpolation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from raasid.footage.records import Ball, Keypoint, Person

MAX_GAP_FRAMES = 1500
"""One minute at 25 Hz; a larger gap between keyframes is not meant as a straight line."""

Record = Ball | Person


def interpolate(
    keys: Mapping[int, Record | None],
    *,
    stop: int | None,
    step: int = 1,
    written: int = 0,
    reject: Callable[[int, str], None],
) -> Iterator[tuple[int, Record]]:
    """Yield (frame, record) for each frame in which a track is visible, in order.

    keys: keyframes; None where the track leaves the image, until the next keyframe.
    stop: first frame after the last keyframe without the track; None: the frame after the last keyframe.
    step: distance between frames. written: number of frames that the file lists between keyframes, which are
    allowed in gaps beyond `MAX_GAP_FRAMES`.
    reject: called with the keyframe before a gap that is too long, and the reason.
    """
    frames = sorted(keys)
    ends: list[int | None] = [*frames[1:], stop]
    for start, end in zip(frames, ends, strict=False):  # without keyframes `ends` has one element too many
        first = keys[start]
        if first is None:
            continue
        yield start, first
        if end is None or end - start <= step:
            continue
        if (end - start) // step > MAX_GAP_FRAMES + written:
            reject(start, f"gap too long to fill: {(end - start) // step} frames after frame {start}")
            continue
        second = keys.get(end)
        for frame in range(start + step, end, step):
            between = (
                first if second is None else interpolate_pair(first, second, (frame - start) / (end - start))
            )
            yield frame, between


def interpolate_pair(first: Record, second: Record, share: float) -> Record:
    """Interpolate positions between two records of a track; everything else is the first record's."""
    if isinstance(first, Ball):
        return _ball(first, second, share) if isinstance(second, Ball) else first
    return _person(first, second, share) if isinstance(second, Person) else first


def _ball(first: Ball, second: Ball, share: float) -> Ball:
    before, after = (first.x, first.y, first.w, first.h), (second.x, second.y, second.w, second.h)
    if before == after:  # share one record among frames without movement
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
