"""Parses the entries of a COCO file: images, categories, and annotations as balls and persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from raasid.footage.formats.label_names import UNLABELLED, coco_order, is_ball, keypoint_box, role_from_name
from raasid.footage.formats.parsing.values import (
    MAX_COORDINATE,
    MAX_EDGE_PX,
    MAX_TRACK_ID,
    ValueUnusable,
    integer,
    label,
    mapping,
    number,
    numbers,
    safe_join,
    sequence,
    shared_float,
    short_repr,
    text,
)
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import Ball, Keypoint, Person, Role, Visibility

Id = int | str


@dataclass(frozen=True, slots=True)
class Category:
    """What one category means to us."""

    name: str
    ball: bool
    role: Role | None
    """None: neither a ball nor a person."""
    order: tuple[int | None, ...]
    """Place of each of COCO's 17 keypoints among the category's."""
    points: int
    """How many keypoints the category names; 0: it names none."""


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One image entry."""

    name: str
    """Relative path, with forward slashes."""
    size: tuple[int, int]
    video: Id | None
    index: int
    license: str


def parse_id(value: object, what: str) -> Id:
    """Return an id: a whole number, or a text."""
    if isinstance(value, str):
        return text(value, what)
    return integer(value, what, -(2**53), 2**53)


def parse_category(entry: object, ball_class: str | None) -> tuple[Id, Category]:
    """Read an entry of `categories`.

    Persons are categories with keypoints, those whose name says a role, and COCO's supercategory `person`.
    """
    given = mapping(entry, "category")
    name = label(given.get("name"), "category name")
    names = [text(point, "keypoint name") for point in sequence(given.get("keypoints") or [], "keypoints")]
    ball = is_ball(name, ball_class)
    role = role_from_name(name)
    person = bool(names) or role != "other" or given.get("supercategory") == "person"
    found = Category(name, ball, role if person else None, coco_order(names), len(names))
    return parse_id(given.get("id"), "category id"), found


def parse_image(entry: object, licenses: Mapping[Id, str]) -> tuple[Id, ImageEntry]:
    """Read an entry of `images`; width and height are 0 where it has none."""
    given = mapping(entry, "image")
    name = safe_join(Path(), given.get("file_name"), "file_name").as_posix()
    width = integer(given.get("width") or 0, "width", 0, MAX_EDGE_PX)
    height = integer(given.get("height") or 0, "height", 0, MAX_EDGE_PX)
    video = given.get("video_id")
    index = next((given[key] for key in ("frame_id", "frame_index") if given.get(key) is not None), 0)
    licensed = given.get("license")
    return parse_id(given.get("id"), "image id"), ImageEntry(
        name,
        (width, height),
        None if video is None else parse_id(video, "video_id"),
        integer(index, "frame_id"),
        licenses.get(licensed, "unknown") if isinstance(licensed, int | str) else "unknown",
    )


def parse_annotation(given: Mapping[str, Any], kind: Category) -> Ball | Person:
    """Turn an annotation into a record; `Person.track` is -1 where the file has no track.

    An area that is missing or 0 stays unknown: it would have to be estimated.
    """
    extra = given.get("attributes")
    extra = extra if isinstance(extra, dict) else {}
    points = _keypoints(given.get("keypoints"), kind)
    if given.get("bbox") is None and points:
        box = keypoint_box(points)
    else:
        x, y, w, h = numbers(given.get("bbox"), "bbox", 4)
        box = shared_float(x), shared_float(y), shared_float(w), shared_float(h)
    if min(box[2:]) <= 0:
        raise ValueUnusable(f"box without size: {short_repr(given.get('bbox'))}")
    if kind.ball:
        visibility = Visibility.HIDDEN if extra.get("occluded") is True else Visibility.CLEAR
        return Ball(box[0] + box[2] / 2, box[1] + box[3] / 2, box[2], box[3], visibility)
    area = number(given.get("area") or 0, "area", 0, MAX_COORDINATE**2)
    track = given.get("track_id", extra.get("track_id"))
    return Person(
        -1 if track is None else integer(track, "track_id", 0, MAX_TRACK_ID),
        kind.role or "other",
        box,
        keypoints=points,
        area=area or None,
        crowd=integer(given.get("iscrowd") or 0, "iscrowd", 0, 1) == 1,
    )


def _keypoints(flat: object, kind: Category) -> tuple[Keypoint, ...]:
    if not flat:
        return ()
    named = kind.points or NUM_KEYPOINTS
    values = numbers(flat, "keypoints", 3 * named)
    if any(values[place] not in (0.0, 1.0, 2.0) for place in range(2, len(values), 3)):
        raise ValueUnusable(f"keypoint visibility not 0, 1 or 2: {short_repr(list(values[2::3]))}")
    points = tuple(_point(values, place) for place in kind.order)
    return points if any(point[2] for point in points) else ()


def _point(values: tuple[float, ...], place: int | None) -> Keypoint:
    if place is None or not values[3 * place + 2]:
        return UNLABELLED
    x, y, visibility = values[3 * place : 3 * place + 3]
    return shared_float(x), shared_float(y), int(visibility)


def without_suffix(name: str) -> str:
    """Return a relative path without its extension."""
    path = PurePosixPath(name)
    return path.with_suffix("").as_posix() if path.suffix else name
