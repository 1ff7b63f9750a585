"""Objects of ISSIA's ViPER files, frame by frame: the ball, who plays it, and the persons."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from raasid.data.readers.checked import MOST_FRAMES, MOST_TRACKS, ValueUnusable, number, shown, whole
from raasid.data.readers.shared_numbers import shared
from raasid.data.readers.xml_file import Element, elements
from raasid.data.records import Ball, Event, Person

WIDTH, HEIGHT = 1920, 1080
"""Of all six cameras."""
MIRRORED = {2, 6}
"""Cameras whose annotations run from right to left. Source: FootAndBall's reader of the set."""
OFFSET = 8
"""The annotation of frame n belongs to frame n - 8 of the video. Source: as above."""
MOST_PER_SPAN = 3000
"""Frames that one value may stand for: as long as the set's sequences."""

Bad = Callable[[int, str], None]
_UNITS = {"point", "bbox", "bvalue", "dvalue"}


@dataclass(slots=True)
class Annotated:
    """What one camera's file says; frames count from 0 in the video."""

    video: str = ""
    balls: dict[int, Ball] = field(default_factory=dict)
    persons: dict[int, dict[int, Person]] = field(default_factory=dict)
    """Frame -> track -> person."""
    events: list[Event] = field(default_factory=list)


def read_objects(path: Path, *, mirrored: bool, bad: Bad) -> Annotated:
    """Read one file. `bad` hears of values that are left out: line, and the reason. Raises XmlUnreadable."""
    found = Annotated()
    for element in elements(path, _UNITS):
        attribute, owner = element.inside("attribute"), element.inside("object")
        if attribute is None or owner is None:
            continue
        if not found.video and (file := element.inside("sourcefile")) is not None:
            found.video = file.attributes.get("filename", "")
        name = (owner.attributes.get("name", "").casefold(), attribute.attributes.get("name", "").casefold())
        try:
            _take(name, owner, element, found, mirrored=mirrored)
        except ValueUnusable as error:
            bad(element.line, str(error))
    return found


def _take(
    name: tuple[str, str], owner: Element, element: Element, found: Annotated, *, mirrored: bool
) -> None:
    given = element.attributes
    if name == ("ball", "ballpos"):
        x, y = (
            number(given.get("x"), "x", -WIDTH, 2 * WIDTH),
            number(given.get("y"), "y", -HEIGHT, 2 * HEIGHT),
        )
        ball = Ball(shared(WIDTH - x if mirrored else x), shared(y), 0.0, 0.0)
        for frame in _span(element):
            found.balls.setdefault(frame, ball)
    elif name == ("ball", "ballshot"):
        if given.get("value", "").strip().casefold() == "true":
            found.events.append(Event(_first(element), "ball_shot"))
    elif name == ("ball", "playerinteractingid"):
        player = whole(given.get("value"), "PlayerInteractingID", -1, MOST_TRACKS)
        if player >= 0:
            found.events.append(Event(_first(element), "ball_contact", attributes=(f"person_{player}",)))
    elif name == ("person", "location"):
        track = whole(owner.attributes.get("id"), "person id", 0, MOST_TRACKS)
        edges = ("x", "y", "width", "height")
        x, y, w, h = (number(given.get(edge), edge, -WIDTH, 2 * WIDTH) for edge in edges)
        if w <= 0 or h <= 0:
            raise ValueUnusable(f"box without size: {w:g} x {h:g}")
        person = Person(track, "player", (shared(WIDTH - x - w if mirrored else x), shared(y), w, h))
        for frame in _span(element):
            if found.persons.setdefault(frame, {}).setdefault(track, person) is not person:
                raise ValueUnusable(f"second box of a person in one frame: person {track}, frame {frame}")


def _span(element: Element) -> Iterator[int]:
    for first, last in _spans(element):
        yield from range(max(first, 0), last + 1)


def _first(element: Element) -> int:
    return max(next(_spans(element))[0], 0)


def _spans(element: Element) -> Iterator[tuple[int, int]]:
    """Yield first and last frame of each part of a framespan such as `12:18 20:20`, in the video's count."""
    written = element.attributes.get("framespan", "")
    parts = written.split()
    if not parts or len(parts) > 100:
        raise ValueUnusable(f"no framespan: {shown(written)}")
    total = 0
    spans = []
    for part in parts:
        ends = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", part)
        if ends is None:
            raise ValueUnusable(f"no framespan: {shown(part)}")
        first, last = int(ends[1]), int(ends[2])
        total += last - first + 1
        if not first <= last <= MOST_FRAMES or total > MOST_PER_SPAN:
            raise ValueUnusable(
                f"framespan longer than {MOST_PER_SPAN} frames, or backwards: {shown(written)}"
            )
        spans.append((first - OFFSET, last - OFFSET))
    if all(last < 0 for _, last in spans):
        raise ValueUnusable(f"before the first frame of the video: framespan {shown(written)} minus {OFFSET}")
    yield from spans
