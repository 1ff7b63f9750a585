"""Coco validation."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import get_args

from raasid.footage import coco_format
from raasid.footage.coco_format import AnnotationsUnreadable
from raasid.footage.formats.parsing.values import (
    MAX_COORDINATE,
    MAX_EDGE_PX,
    MAX_FRAMES,
    MAX_TRACK_ID,
    ValueUnusable,
    integer,
    number,
    safe_join,
    short_repr,
    text,
)
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import AnnotationSource, Clip, Frame, Person, Provenance, Role
from raasid.laws.edition import Restart, Ruling, Sanction, Verdict
from raasid.laws.facts import FactsUnreadable, Segment, read_facts


def read_own(path: Path) -> list[Clip]:
    """Return the clips of a file that `coco_video` wrote.

    Raises AnnotationsUnreadable: it is not what was written, or a value is none that a record can have.
    """
    clips = coco_format.read(path.parent, path.name)
    try:
        for clip in clips:
            _clip(clip, path.parent)
    except (ValueUnusable, FactsUnreadable) as error:
        raise AnnotationsUnreadable(path, f"is not what `write` leaves: {error}; write it again") from error
    return clips


def _clip(clip: Clip, folder: Path) -> None:
    text(clip.id, "clip id")
    _number(clip.frame_rate_hz, "frame_rate_hz", 0.001, 1e6)
    for frame in clip.frames:
        _frame(frame, folder)
    if clip.contact is not None:
        _whole(clip.contact.frame, "contact frame")
        _whole(clip.contact.person, "contact person", 0, MAX_TRACK_ID)
        _among(clip.contact.side, "contact side", ("left", "right", "none"))
        _among(clip.contact.segment, "contact segment", get_args(Segment))
    if not isinstance(clip.facts, dict):
        raise ValueUnusable(f"facts are no object: {short_repr(clip.facts)}")
    read_facts(clip.facts)
    _texts(clip.tags, "tag")
    for event in clip.events:
        _whole(event.frame, "event frame", -MAX_EDGE_PX)
        _texts((event.label, *event.attributes), "event")
        _optional(event.team, "event team")
    _provenance(clip.provenance)
    if clip.ruling is not None:
        _ruling(clip.ruling)


def _provenance(provenance: Provenance) -> None:
    for each in fields(provenance):
        value = getattr(provenance, each.name)
        if each.name == "replay_speed":
            _number(value, each.name, 0, 1e6)
        elif each.name == "reviewed":
            _flag(value, each.name)
        else:
            _optional(value, each.name)


def _ruling(ruling: Ruling) -> None:
    for chosen, what, choices in (
        (ruling.decision, "decision", Verdict),
        (ruling.restart, "restart", Restart),
        (ruling.sanction, "sanction", Sanction),
    ):
        if chosen is not None:
            _among(chosen, what, get_args(choices))
    for value, what in (
        (ruling.clause, "clause"),
        (ruling.edition, "edition"),
        (ruling.confidence, "confidence"),
    ):
        _optional(value, what)


def _frame(frame: Frame, folder: Path) -> None:
    _whole(frame.index, "frame index")
    for edge in (frame.width, frame.height):
        _whole(edge, "width or height", 0, MAX_EDGE_PX)
    if not frame.image.is_relative_to(folder):
        raise ValueUnusable(f"file_name leads out of the data root: {short_repr(str(frame.image))}")
    safe_join(folder, frame.image.relative_to(folder).as_posix(), "file_name")
    _texts(frame.tags, "tag")
    _flag(frame.in_video, "in_video")
    for ball in frame.balls:
        _numbers((ball.x, ball.y, ball.w, ball.h), "ball", 4)
        _mark(ball.mark)
    for person in frame.persons:
        _person(person)


def _person(person: Person) -> None:
    _whole(person.track, "track_id", 0, MAX_TRACK_ID)
    _among(person.role, "role", get_args(Role))
    _numbers(person.box, "bbox", 4)
    _optional(person.team, "team")
    _optional(person.jersey, "jersey")
    if person.keypoints:
        if len(person.keypoints) != NUM_KEYPOINTS:
            raise ValueUnusable(f"not {NUM_KEYPOINTS} keypoints: {len(person.keypoints)}")
        flat = list(chain.from_iterable(person.keypoints))
        _numbers(flat, "keypoints", 3 * NUM_KEYPOINTS)
        if any(visibility not in (0, 1, 2) for visibility in flat[2::3]):
            raise ValueUnusable(f"keypoint visibility not 0, 1 or 2: {short_repr(flat[2::3])}")
    if person.area is not None:
        _number(person.area, "area", 0, MAX_EDGE_PX**2)
    if person.pitch_xy_m is not None:
        _numbers(person.pitch_xy_m, "pitch_xy_m", 2)
    _mark(person.mark)


def _mark(mark: AnnotationSource | None) -> None:
    if mark is not None:
        text(mark.source, "source")
        _number(mark.confidence, "confidence", 0, 1)
        _flag(mark.reviewed, "reviewed")


def _whole(value: object, what: str, low: int = 0, high: int = MAX_FRAMES) -> None:
    if type(value) is not int:
        raise ValueUnusable(f"{what} is no whole number: {short_repr(value)}")
    integer(value, what, low, high)


def _number(value: object, what: str, low: float = -MAX_COORDINATE, high: float = MAX_COORDINATE) -> None:
    if isinstance(value, str):
        raise ValueUnusable(f"{what} is no number: {short_repr(value)}")
    number(value, what, low, high)


def _numbers(values: object, what: str, count: int) -> None:
    if not isinstance(values, list | tuple) or len(values) != count:
        raise ValueUnusable(f"{what} is no list of {count} numbers: {short_repr(values)}")
    for value in values:
        _number(value, what)


def _among(value: object, what: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise ValueUnusable(f"{what} is none of {', '.join(choices)}: {short_repr(value)}")


def _texts(values: Iterable[object], what: str) -> None:
    for value in values:
        text(value, what)


def _optional(value: object, what: str) -> None:
    if value is not None:
        text(value, what, empty=True)


def _flag(value: object, what: str) -> None:
    if not isinstance(value, bool):
        raise ValueUnusable(f"{what} is neither true nor false: {short_repr(value)}")
