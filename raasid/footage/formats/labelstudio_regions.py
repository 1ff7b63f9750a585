"""Converts Label Studio regions, in per cent of the image, to balls and persons in pixels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from raasid.footage.formats.keyframe_interpolation import interpolate
from raasid.footage.formats.label_names import (
    complete_keypoints,
    is_ball,
    keypoint_box,
    keypoint_index,
    role_from_name,
)
from raasid.footage.formats.parsing.values import (
    MAX_FRAMES,
    ValueUnusable,
    integer,
    label,
    mapping,
    number,
    sequence,
    short_repr,
)
from raasid.footage.records import AnnotationSource, Ball, Keypoint, Person

Record = Ball | Person
Box = tuple[float, float, float, float]
_FARTHEST = 1000.0
"""Per cent; regions may extend beyond the image, but not lie somewhere else."""


@dataclass(frozen=True, slots=True)
class RegionContext:
    """How regions of one annotation are turned into records."""

    size: tuple[int, int]
    """Width and height of the image in pixels."""
    ball_class: str | None
    source: AnnotationSource | None
    """Set on records of a prediction."""


def image_records(
    regions: Iterable[Mapping[str, Any]],
    context: RegionContext,
    reject: Callable[[str], None],
    unused: Counter[str],
) -> tuple[tuple[Ball, ...], tuple[Person, ...]]:
    """Return the balls and persons of an image.

    Keypoints belong to the rectangle that is their parent, else to the smallest person's box round them;
    those of one parent that has no rectangle, and those that lie in no box, are a person by themselves.
    """
    balls: list[Ball] = []
    persons: list[Person] = []
    named: dict[str, int] = {}
    points: dict[str, dict[int, Keypoint]] = {}
    for region in regions:
        try:
            value = mapping(region.get("value"), "value")
            kind, name = str(region.get("type")), _label(value, str(region.get("type")))
            if kind == "keypointlabels":
                x, y = _pixels(value, ("x", "y"), context)
                index = keypoint_index(name)
                if is_ball(name, context.ball_class):
                    balls.append(Ball(x, y, 0.0, 0.0, source=context.source))
                elif index is None:
                    unused[f"keypoint {name}"] += 1
                else:
                    points.setdefault(str(region.get("parentID") or ""), {})[index] = (x, y, 2)
                continue
            found = _record(name, _rectangle(value, context), len(persons), context)
            if isinstance(found, Ball):
                balls.append(found)
            elif found is None:
                unused[f"rectangle {name}"] += 1
            else:
                named[str(region.get("id"))] = len(persons)
                persons.append(found)
        except ValueUnusable as error:
            reject(str(error))
    for parent, group in points.items():
        _give(group, named.get(parent), persons, apart=bool(parent), context=context)
    return tuple(balls), tuple(persons)


def _give(
    group: dict[int, Keypoint],
    owner: int | None,
    persons: list[Person],
    *,
    apart: bool,
    context: RegionContext,
) -> None:
    """Give keypoints to a person: their parent, the box round each of them, or one of their own."""
    shares: dict[int | None, dict[int, Keypoint]] = {}
    boxes = persons[:]
    for index, point in group.items():
        to = owner if apart else _around(point, boxes)
        shares.setdefault(to, {})[index] = point
    for to, share in shares.items():
        if to is not None:
            persons[to] = replace(persons[to], keypoints=complete_keypoints(share))
            continue
        x, y, w, h = keypoint_box(share.values())
        box = (x, y, max(w, 1.0), max(h, 1.0))
        persons.append(
            Person(len(persons), "player", box, keypoints=complete_keypoints(share), source=context.source)
        )


def _around(point: Keypoint, persons: list[Person]) -> int | None:
    around = [
        (person.box[2] * person.box[3], index)
        for index, person in enumerate(persons)
        if 0 <= point[0] - person.box[0] <= person.box[2] and 0 <= point[1] - person.box[1] <= person.box[3]
    ]
    return min(around)[1] if around else None


def track_records(
    region: Mapping[str, Any], track: int, context: RegionContext, reject: Callable[[str], None]
) -> dict[int, Record] | str:
    """Return a track of a video, frame (from 0) -> record; or the label of what is neither ball nor person.

    The file counts frames from 1. A keyframe that is not enabled is the last of its span. Between
    keyframes lies a straight line; after the last one the region stays, to the end of the video.
    """
    value = mapping(region.get("value"), "value")
    name = _label(value, "labels")
    count = integer(value.get("framesCount") or 0, "framesCount", 0, MAX_FRAMES)
    keys: dict[int, Record | None] = {}
    gone: set[int] = set()
    for entry in sequence(value.get("sequence"), "sequence"):
        try:
            key = mapping(entry, "keyframe")
            frame = integer(key.get("frame"), "frame", 1, count or MAX_FRAMES) - 1
            found = _record(name, _rectangle(key, context), track, context)
            if found is None:
                return name
            if frame in keys:
                raise ValueUnusable(f"second keyframe of one frame: {frame + 1}")
            keys[frame] = found
            if key.get("enabled") is False:
                gone.add(frame + 1)
        except ValueUnusable as error:
            reject(str(error))
    for frame in gone:
        keys.setdefault(frame, None)
    stop = count if count > max(keys, default=0) else None
    return dict(interpolate(keys, stop=stop, reject=lambda _, reason: reject(reason)))


def _label(value: Mapping[str, Any], key: str) -> str:
    labels = sequence(value.get(key) or value.get("labels"), key)
    if not labels:
        raise ValueUnusable(f"region without a label: {short_repr(value)}")
    return label(labels[0], key)


def _record(name: str, box: Box, track: int, context: RegionContext) -> Record | None:
    if is_ball(name, context.ball_class):
        x, y, w, h = box
        return Ball(x + w / 2, y + h / 2, w, h, source=context.source)
    role = role_from_name(name)
    return None if role == "other" and name != "other" else Person(track, role, box, source=context.source)


def _pixels(value: Mapping[str, Any], keys: Iterable[str], context: RegionContext) -> list[float]:
    edges = {"x": context.size[0], "width": context.size[0], "y": context.size[1], "height": context.size[1]}
    return [number(value.get(key), key, -_FARTHEST, _FARTHEST) * edges[key] / 100 for key in keys]


def _rectangle(value: Mapping[str, Any], context: RegionContext) -> Box:
    """Return the upright box round a rectangle, which may be turned about its top left corner."""
    x, y, w, h = _pixels(value, ("x", "y", "width", "height"), context)
    if w <= 0 or h <= 0:
        raise ValueUnusable(f"box without size: {w:g} x {h:g}")
    turn = math.radians(number(value.get("rotation") or 0, "rotation", -360, 360))
    if not turn:
        return x, y, w, h
    cos, sin = math.cos(turn), math.sin(turn)
    corners = [(a * cos - b * sin, a * sin + b * cos) for a in (0, w) for b in (0, h)]
    left, top = min(a for a, _ in corners), min(b for _, b in corners)
    right, bottom = max(a for a, _ in corners), max(b for _, b in corners)
    return x + left, y + top, right - left, bottom - top
