"""Decodes and validates the entries of COCO video JSON that `coco_encoder` makes.

Other programs may have edited the file, so every value is checked: types are exact (no "3" or 3.0 for 3),
numbers are bounded, choices are known, and media files lie inside the folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import Any, get_args

from raasid.footage.coco_encoder import BALL, PERSON
from raasid.footage.formats.parsing.values import (
    MAX_COORDINATE,
    MAX_EDGE_PX,
    MAX_FRAMES,
    MAX_TRACK_ID,
    ValueUnusable,
    integer,
    number,
    short_repr,
)
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.footage.records import (
    AnnotationSource,
    Ball,
    Clip,
    Contact,
    Event,
    Frame,
    Keypoint,
    Person,
    Provenance,
    Role,
    Tags,
    Visibility,
)
from raasid.laws.edition import Restart, Ruling, Sanction, Verdict
from raasid.laws.facts import Segment

Json = dict[str, Any]
_ROLES: tuple[str, ...] = get_args(Role)
_NUMBER_TYPES = {int, float}
_VISIBILITIES = {0, 1, 2}


class Decoder:
    """Takes entries one by one, so that the JSON of a large file is never in memory as a whole.

    Raises ValueUnusable for a value that no record can have, and KeyError, TypeError, ValueError or
    IndexError for an entry that lacks what a record needs.
    """

    def __init__(self, folder: Path, media_inside: bool = True) -> None:
        self._folder = folder
        self._media_inside = media_inside
        """Whether a path of a media file that leads out of `folder` is refused."""
        self._balls: defaultdict[int, list[tuple[int, Ball]]] = defaultdict(list)
        self._persons: defaultdict[int, list[tuple[int, Person]]] = defaultdict(list)
        self._sources: dict[tuple[Any, ...], AnnotationSource] = {}
        self._paths: dict[str, Path] = {}
        self._image_ids: set[int] = set()

    def clips(
        self, videos: Iterable[Json], images: Iterable[Json], annotations: Iterable[Json]
    ) -> list[Clip]:
        """Return the clips in the order of `videos`; the three are consumed in the order of the file."""
        listed = list(videos)
        images_of: dict[int, list[Json]] = {video["id"]: [] for video in listed}
        for image in images:
            images_of[image["video_id"]].append(image)
            self._image_ids.add(image["id"])
        for annotation in annotations:
            self._add(annotation)
        return [self._clip(video, images_of.pop(video["id"])) for video in listed]

    def _add(self, entry: Json) -> None:
        image, extra = entry["image_id"], entry["raasid"]
        if image not in self._image_ids:
            raise KeyError(f"image {image} of annotation {entry['id']}")
        if entry["category_id"] == BALL:
            self._balls[image].append((int(extra["rank"]), self._ball(extra, entry["bbox"])))
        elif entry["category_id"] == PERSON:
            self._persons[image].append((int(extra["rank"]), self._person(entry)))

    def _clip(self, video: Json, images: list[Json]) -> Clip:
        extra = video["raasid"]
        images.sort(key=lambda image: int(image["frame_id"]))
        if not isinstance(extra["facts"], dict):
            raise ValueUnusable(f"facts are no object: {short_repr(extra['facts'])}")
        return Clip(
            id=_text(video["name"], "clip id"),
            frames=tuple(map(self._frame, images)),
            provenance=_provenance(extra["provenance"]),
            frame_rate_hz=_number(extra["frame_rate_hz"], "frame_rate_hz", 0.001, 1e6),
            contact=None if extra["contact"] is None else _contact(extra["contact"]),
            facts=extra["facts"],
            tags=_texts(extra["tags"], "tag"),
            events=tuple(map(_event, extra.get("events", ()))),
            ruling=None if extra.get("ruling") is None else _ruling(extra["ruling"]),
        )

    def _frame(self, image: Json) -> Frame:
        extra = image["raasid"]
        balls = self._balls.pop(image["id"], [])
        balls += [(int(e["rank"]), self._ball(e, e["bbox"])) for e in extra.get("absent_balls", ())]
        persons = self._persons.pop(image["id"], [])
        return Frame(
            index=_integer(extra["index"], "frame index"),
            image=self._path(image["file_name"]),
            width=_integer(image["width"], "width or height", 0, MAX_EDGE_PX),
            height=_integer(image["height"], "width or height", 0, MAX_EDGE_PX),
            balls=tuple(ball for _, ball in sorted(balls, key=lambda pair: pair[0])),
            persons=tuple(person for _, person in sorted(persons, key=lambda pair: pair[0])),
            tags=_texts(extra["tags"], "tag"),
            in_video=_flag(extra.get("in_video", False), "in_video"),
        )

    def _path(self, name: str) -> Path:
        """Return the path of a media file; one object for all frames of a video."""
        if name not in self._paths:
            path = PurePosixPath(_text(name, "file_name"))
            if self._media_inside and (path.is_absolute() or ".." in path.parts):
                raise ValueUnusable(f"file_name leads out of the data root: {short_repr(name)}")
            self._paths[name] = self._folder / name
        return self._paths[name]

    def _ball(self, extra: Json, box: list[float]) -> Ball:
        x, y = _numbers(extra["center"], "ball", 2)
        _, _, w, h = _numbers(box, "bbox", 4)
        return Ball(x, y, w, h, Visibility(extra["visibility"]), self._source(extra))

    def _person(self, entry: Json) -> Person:
        extra = entry["raasid"]
        box, keypoints, pitch = entry["bbox"], entry.get("keypoints") or (), extra.get("pitch_xy_m")
        if not _are_valid([*box, *keypoints, *(pitch or ())]):  # all at once, since a league has 100 million
            _numbers(box, "bbox", 4)
            _numbers(keypoints or [0] * 3 * NUM_KEYPOINTS, "keypoints", 3 * NUM_KEYPOINTS)
            _numbers(pitch or [0, 0], "pitch_xy_m", 2)
        x, y, w, h = box
        return Person(
            track=_integer(entry["track_id"], "track_id", 0, MAX_TRACK_ID),
            role=_choice(extra["role"], "role", _ROLES),
            box=(x, y, w, h),
            team=_optional_text(extra["team"], "team"),
            keypoints=_keypoints(keypoints) if keypoints else (),
            area=None if extra.get("area_estimated") else _number(entry["area"], "area", 0, MAX_EDGE_PX**2),
            jersey=_optional_text(extra.get("jersey"), "jersey"),
            pitch_xy_m=None if pitch is None else _pair(*pitch),
            crowd=bool(entry["iscrowd"]),
            source=self._source(extra),
        )

    def _source(self, extra: Json) -> AnnotationSource | None:
        """Equal sources are one object: there are few sources and many annotations."""
        if (stored := extra.get("mark")) is None:
            return None
        key = stored["source"], stored["confidence"], stored.get("reviewed", False)
        if key not in self._sources:
            self._sources[key] = AnnotationSource(
                _text(key[0], "source"), _number(key[1], "confidence", 0, 1), _flag(key[2], "reviewed")
            )
        return self._sources[key]


def _keypoints(flat: list[Any]) -> tuple[Keypoint, ...]:
    visibilities = flat[2::3]
    if len(flat) != 3 * NUM_KEYPOINTS:
        raise ValueUnusable(f"keypoints is no list of {3 * NUM_KEYPOINTS} numbers: {short_repr(flat)}")
    if not _VISIBILITIES.issuperset(visibilities):
        raise ValueUnusable(f"keypoint visibility not 0, 1 or 2: {short_repr(visibilities)}")
    return tuple(zip(flat[::3], flat[1::3], visibilities, strict=True))


def _pair(x: float, y: float) -> tuple[float, float]:
    return x, y


def _contact(entry: Json) -> Contact:
    contact = Contact(**entry)
    _integer(contact.frame, "contact frame")
    _integer(contact.person, "contact person", 0, MAX_TRACK_ID)
    _choice(contact.side, "contact side", ("left", "right", "none"))
    _choice(contact.segment, "contact segment", get_args(Segment))
    return contact


def _event(entry: Json) -> Event:
    return Event(
        _integer(entry["frame"], "event frame", -MAX_EDGE_PX),
        _text(entry["label"], "event"),
        _optional_text(entry["team"], "event team"),
        _texts(entry["attributes"], "event"),
    )


def _provenance(entry: Json) -> Provenance:
    provenance = Provenance(**entry)
    for field in fields(provenance):
        value = getattr(provenance, field.name)
        if field.name == "replay_speed":
            _number(value, field.name, 0, 1e6)
        elif field.name == "reviewed":
            _flag(value, field.name)
        else:
            _optional_text(value, field.name)
    return provenance


def _ruling(entry: Json) -> Ruling:
    ruling = Ruling(**entry)
    for name, choices in (("decision", Verdict), ("restart", Restart), ("sanction", Sanction)):
        if getattr(ruling, name) is not None:
            _choice(getattr(ruling, name), name, get_args(choices))
    for name in ("clause", "edition", "confidence"):
        _optional_text(getattr(ruling, name), name)
    return ruling


def _integer(value: Any, what: str, low: int = 0, high: int = MAX_FRAMES) -> int:
    if type(value) is int and low <= value <= high:
        return value
    if type(value) is not int:
        raise ValueUnusable(f"{what} is no whole number: {short_repr(value)}")
    return integer(value, what, low, high)


def _number(value: Any, what: str, low: float, high: float) -> Any:
    """Return a number as it was written: an integer stays one."""
    if isinstance(value, str):
        raise ValueUnusable(f"{what} is no number: {short_repr(value)}")
    number(value, what, low, high)
    return value


def _numbers(values: Any, what: str, count: int) -> list[Any]:
    """Return a list of exactly `count` bounded numbers."""
    if not isinstance(values, list) or len(values) != count:
        raise ValueUnusable(f"{what} is no list of {count} numbers: {short_repr(values)}")
    for value in values:
        _number(value, what, -MAX_COORDINATE, MAX_COORDINATE)
    return values


def _are_valid(values: list[Any]) -> bool:
    """Whether all values are bounded numbers, decided by loops in C."""
    return (
        _NUMBER_TYPES.issuperset(map(type, values))
        and min(values) >= -MAX_COORDINATE
        and max(values) <= MAX_COORDINATE
    )


def _choice(value: Any, what: str, choices: Collection[str]) -> Any:
    if value not in choices:
        raise ValueUnusable(f"{what} is none of {', '.join(choices)}: {short_repr(value)}")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueUnusable(f"{what} is no text: {short_repr(value)}")
    return value


def _optional_text(value: Any, what: str) -> str | None:
    return None if value is None else _text(value, what)


def _texts(values: list[Any], what: str) -> Tags:
    return tuple(_text(value, what) for value in values)


def _flag(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise ValueUnusable(f"{what} is neither true nor false: {short_repr(value)}")
    return value
