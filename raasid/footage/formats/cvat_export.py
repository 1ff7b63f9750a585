"""CVAT 1.1 XML for images: balls and persons as boxes, keypoints as a skeleton in the person's group."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from raasid.footage.formats.export_media import ExportedFrame, export_frames
from raasid.footage.keypoints import KEYPOINTS
from raasid.footage.records import Ball, Footage, Person, Visibility
from raasid.io.atomic import atomic_path

Attributes = dict[str, str]


def write_cvat(footage: Footage, folder: Path) -> int:
    """Write `annotations.xml` beside `images/`; return the number of images.

    Source: CVAT documentation, XML annotation format 1.1.
    """
    exported = export_frames(footage, folder, "images")
    count = 0
    with (
        atomic_path(folder / "annotations.xml") as temporary,
        temporary.open("w", encoding="utf-8") as file,
    ):
        xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
        xml.startDocument()
        xml.startElement("annotations", AttributesImpl({}))
        _text(xml, "version", "1.1")
        for count, placed in enumerate(exported, start=1):
            _image(xml, count - 1, placed)
        xml.endElement("annotations")
        xml.endDocument()
    return count


def _image(xml: XMLGenerator, number: int, placed: ExportedFrame) -> None:
    frame = placed.frame
    size = {"width": str(frame.width), "height": str(frame.height)}
    xml.startElement("image", AttributesImpl({"id": str(number), "name": placed.name, **size}))
    xml.characters("\n")
    for ball in frame.balls:
        if ball.visibility != Visibility.ABSENT:
            _ball(xml, ball)
    for group, person in enumerate(frame.persons, start=1):
        _person(xml, person, group)
    xml.endElement("image")
    xml.characters("\n")


def _ball(xml: XMLGenerator, ball: Ball) -> None:
    hidden = {"occluded": str(int(ball.visibility <= Visibility.PARTLY)), "source": _source(ball)}
    if not ball.w or not ball.h:
        _element(xml, "points", {"label": "ball", **hidden, "points": f"{ball.x:.3f},{ball.y:.3f}"}, {})
        return
    corners = _corners(ball.x - ball.w / 2, ball.y - ball.h / 2, ball.w, ball.h)
    _element(xml, "box", {"label": "ball", **hidden, **corners}, {"visibility": ball.visibility.name.lower()})


def _person(xml: XMLGenerator, person: Person, group: int) -> None:
    known = {"role": person.role, "track": str(person.track)}
    known |= {"team": person.team} if person.team else {}
    known |= {"jersey": person.jersey} if person.jersey else {}
    common = {"source": _source(person), "group_id": str(group)}
    _element(xml, "box", {"label": "person", "occluded": "0", **common, **_corners(*person.box)}, known)
    if person.keypoints:
        xml.startElement("skeleton", AttributesImpl({"label": "person", **common, "z_order": "0"}))
        for name, (x, y, v) in zip(KEYPOINTS, person.keypoints, strict=True):
            seen = {"outside": str(int(v == 0)), "occluded": str(int(v == 1))}
            _element(xml, "points", {"label": name, **seen, "points": f"{x:.3f},{y:.3f}"}, {})
        xml.endElement("skeleton")
        xml.characters("\n")


def _source(marked: Ball | Person) -> str:
    return "manual" if marked.source is None or marked.source.reviewed else "auto"


def _corners(left: float, top: float, width: float, height: float) -> Attributes:
    ends = {"xtl": left, "ytl": top, "xbr": left + width, "ybr": top + height}
    return {name: f"{value:.3f}" for name, value in ends.items()}


def _element(xml: XMLGenerator, name: str, attributes: Attributes, inner: Attributes) -> None:
    xml.startElement(name, AttributesImpl(attributes))
    for key, value in inner.items():
        xml.startElement("attribute", AttributesImpl({"name": key}))
        xml.characters(value)
        xml.endElement("attribute")
    xml.endElement(name)
    xml.characters("\n")


def _text(xml: XMLGenerator, name: str, text: str) -> None:
    xml.startElement(name, AttributesImpl({}))
    xml.characters(text)
    xml.endElement(name)
    xml.characters("\n")
