"""Shapes of CVAT's XML as balls and persons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from raasid.footage.formats.label_names import extent, is_ball, keypoint_index, role_called, seventeen
from raasid.footage.formats.parsing.values import (
    MOST_TRACKS,
    ValueUnusable,
    number,
    shared,
    shown,
    text,
    whole,
)
from raasid.footage.formats.parsing.xml_reader import Element
from raasid.footage.records import Ball, Keypoint, Mark, Person, Role, Visibility

SHAPES = {"box", "points", "skeleton", "polygon", "polyline", "ellipse", "cuboid", "mask"}
_ROLES: tuple[Role, ...] = ("player", "goalkeeper", "referee", "other")
_BY_TOOL = Mark("cvat/auto", 0.0)
"""A tool has made it, and CVAT does not say how sure it was."""
_NO = {"0", "false", "no"}


class NotUsed(Exception):
    """A shape that is sound but neither the match ball nor a person; the message says what it is."""


@dataclass(slots=True)
class Shape:
    """One shape with what belongs to it."""

    label: str
    element: Element
    points: dict[int, Keypoint] = field(default_factory=dict)
    """Keypoints by their place in COCO's order; of a skeleton."""
    unknown: list[str] = field(default_factory=list)
    """Names of the skeleton's points that are none of COCO's."""


def keypoint(element: Element) -> tuple[int | None, Keypoint]:
    """Read a named point: its place in COCO's order (None: not one of the 17), and where it is.

    Outside is not labelled, occluded is labelled but hidden.
    """
    name = text(element.attributes.get("label"), "label")
    if flag(element, "outside"):
        return keypoint_index(name), (0.0, 0.0, 0)
    ((x, y),) = _places(element, 1)
    return keypoint_index(name), (x, y, 1 if flag(element, "occluded") else 2)


def record(shape: Shape, track: int, ball_class: str | None) -> Ball | Person:
    """Return the ball or person that a shape shows.

    track: of persons.
    Raises NotUsed, ValueUnusable.
    """
    element = shape.element
    extra = _extra(element)
    mark = _BY_TOOL if element.attributes.get("source") == "auto" else None
    if is_ball(shape.label, ball_class):
        if extra.get("used_in_game", "1").casefold() in _NO:
            raise NotUsed("ball that is not used in the game")
        return _ball(element, extra, mark)
    role = role_called(extra.get("role") or shape.label)
    if element.tag not in ("box", "skeleton") or (role == "other" and not _person(shape, extra)):
        raise NotUsed(f"{element.tag} {shape.label}")
    points = seventeen(shape.points)
    if element.tag == "box":
        box = _box(element)
    elif points:
        box = extent(points)
        box = (*box[:2], max(box[2], 1.0), max(box[3], 1.0))
    else:
        raise ValueUnusable(f"skeleton without a labelled keypoint: {shown(shape.unknown)}")
    jersey = extra.get("jersey") or extra.get("jersey_number") or extra.get("number")
    return Person(
        track,
        role,
        box,
        text(extra["team"], "team") if extra.get("team") else None,
        points,
        jersey=jersey if jersey and jersey.isalnum() and len(jersey) <= 3 else None,
        mark=mark,
    )


def track_named(shape: Shape) -> int | None:
    """Return the track that an attribute says, as our own export of images writes it."""
    written = _extra(shape.element).get("track")
    return whole(written, "track", 0, MOST_TRACKS) if written else None


def _extra(element: Element) -> dict[str, str]:
    return {
        attribute.attributes.get("name", "").strip().casefold(): attribute.text.strip()
        for attribute in element.all("attribute")
    }


def joined(persons: list[Person]) -> list[Person]:
    """Make one person of those of one track: the box of the one, the keypoints of the other."""
    found: dict[int, Person] = {}
    for person in persons:
        other = found.get(person.track)
        if other is None:
            found[person.track] = person
        elif other.keypoints and not person.keypoints:
            found[person.track] = replace(person, keypoints=other.keypoints)
        elif person.keypoints and not other.keypoints:
            found[person.track] = replace(other, keypoints=person.keypoints)
    return list(found.values())


def _person(shape: Shape, extra: dict[str, str]) -> bool:
    return bool(shape.points) or extra.get("role") in _ROLES


def _ball(element: Element, extra: dict[str, str], mark: Mark | None) -> Ball:
    visibility = Visibility.CLEAR
    if extra.get("visibility", "").upper() in Visibility.__members__:
        visibility = Visibility[extra["visibility"].upper()]
    elif flag(element, "occluded"):
        visibility = Visibility.HIDDEN
    elif extra.get("blurred", "0").casefold() not in _NO:
        visibility = Visibility.BLURRED
    if element.tag == "points":
        ((x, y),) = _places(element, 1)
        return Ball(x, y, 0.0, 0.0, visibility, mark)
    if element.tag == "box":
        x, y, w, h = _box(element)
    elif element.tag == "ellipse":
        x, y, w, h = (number(element.attributes.get(key), key) for key in ("cx", "cy", "rx", "ry"))
        if w <= 0 or h <= 0:
            raise ValueUnusable(f"ellipse without size: {w:g} x {h:g}")
        x, y, w, h = x - w, y - h, 2 * w, 2 * h
    else:
        raise NotUsed(f"{element.tag} of a ball")
    return Ball(x + w / 2, y + h / 2, w, h, visibility, mark)


def _box(element: Element) -> tuple[float, float, float, float]:
    left, top, right, bottom = (
        number(element.attributes.get(key), key) for key in ("xtl", "ytl", "xbr", "ybr")
    )
    if right <= left or bottom <= top:
        raise ValueUnusable(f"box without size: {left:g},{top:g} to {right:g},{bottom:g}")
    return shared(left), shared(top), shared(right - left), shared(bottom - top)


def _places(element: Element, count: int) -> list[tuple[float, float]]:
    written = element.attributes.get("points", "")
    pairs = written.split(";", count + 1)
    if len(pairs) != count:
        raise ValueUnusable(f"not {count} point: {shown(written)}")
    places = []
    for pair in pairs:
        x, comma, y = pair.partition(",")
        if not comma:
            raise ValueUnusable(f"no x,y pair: {shown(pair)}")
        places.append((shared(number(x, "x")), shared(number(y, "y"))))
    return places


def flag(element: Element, name: str) -> bool:
    """Whether an attribute of 0 or 1 is set."""
    return element.attributes.get(name, "0").strip().casefold() not in _NO
