"""Shapes of CVAT's XML as balls and persons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from raasid.footage.formats.label_names import (
    complete_keypoints,
    is_ball,
    keypoint_box,
    keypoint_index,
    role_from_name,
)
from raasid.footage.formats.parsing.values import (
    MAX_TRACK_ID,
    ValueUnusable,
    integer,
    number,
    shared_float,
    short_repr,
    text,
)
from raasid.footage.formats.parsing.xml_reader import Element
from raasid.footage.records import AnnotationSource, Ball, Keypoint, Person, Role, Visibility

SHAPES = {"box", "points", "skeleton", "polygon", "polyline", "ellipse", "cuboid", "mask"}
_ROLES: tuple[Role, ...] = ("player", "goalkeeper", "referee", "other")
_BY_TOOL = AnnotationSource("cvat/auto", 0.0)
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


def parse_keypoint(element: Element) -> tuple[int | None, Keypoint]:
    """Read a named point: its place in COCO's order (None: not one of the 17), and where it is.

    Outside is not labelled, occluded is labelled but hidden.
    """
    name = text(element.attributes.get("label"), "label")
    if is_set(element, "outside"):
        return keypoint_index(name), (0.0, 0.0, 0)
    ((x, y),) = _places(element, 1)
    return keypoint_index(name), (x, y, 1 if is_set(element, "occluded") else 2)


def to_record(shape: Shape, track: int, ball_class: str | None) -> Ball | Person:
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
    role = role_from_name(extra.get("role") or shape.label)
    if element.tag not in ("box", "skeleton") or (role == "other" and not _person(shape, extra)):
        raise NotUsed(f"{element.tag} {shape.label}")
    points = complete_keypoints(shape.points)
    if element.tag == "box":
        box = _box(element)
    elif points:
        box = keypoint_box(points)
        box = (*box[:2], max(box[2], 1.0), max(box[3], 1.0))
    else:
        raise ValueUnusable(f"skeleton without a labelled keypoint: {short_repr(shape.unknown)}")
    jersey = extra.get("jersey") or extra.get("jersey_number") or extra.get("number")
    return Person(
        track,
        role,
        box,
        text(extra["team"], "team") if extra.get("team") else None,
        points,
        jersey=jersey if jersey and jersey.isalnum() and len(jersey) <= 3 else None,
        source=mark,
    )


def stated_track(shape: Shape) -> int | None:
    """Return the track that an attribute says, as our own export of images writes it."""
    written = _extra(shape.element).get("track")
    return integer(written, "track", 0, MAX_TRACK_ID) if written else None


def _extra(element: Element) -> dict[str, str]:
    return {
        attribute.attributes.get("name", "").strip().casefold(): attribute.text.strip()
        for attribute in element.all("attribute")
    }


def merge_by_track(persons: list[Person]) -> list[Person]:
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


def _ball(element: Element, extra: dict[str, str], mark: AnnotationSource | None) -> Ball:
    visibility = Visibility.CLEAR
    if extra.get("visibility", "").upper() in Visibility.__members__:
        visibility = Visibility[extra["visibility"].upper()]
    elif is_set(element, "occluded"):
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
    return shared_float(left), shared_float(top), shared_float(right - left), shared_float(bottom - top)


def _places(element: Element, count: int) -> list[tuple[float, float]]:
    written = element.attributes.get("points", "")
    pairs = written.split(";", count + 1)
    if len(pairs) != count:
        raise ValueUnusable(f"not {count} point: {short_repr(written)}")
    places = []
    for pair in pairs:
        x, comma, y = pair.partition(",")
        if not comma:
            raise ValueUnusable(f"no x,y pair: {short_repr(pair)}")
        places.append((shared_float(number(x, "x")), shared_float(number(y, "y"))))
    return places


def is_set(element: Element, name: str) -> bool:
    """Whether an attribute of 0 or 1 is set."""
    return element.attributes.get(name, "0").strip().casefold() not in _NO
