"""Reads one CVAT XML file: yields its images, and collects its tracks.

Tracks are interpolated to the frames of the video when the file has been read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from raasid.footage.formats.cvat_shapes import (
    SHAPES,
    NotUsed,
    Shape,
    is_set,
    merge_by_track,
    parse_keypoint,
    stated_track,
    to_record,
)
from raasid.footage.formats.keyframe_interpolation import Record, interpolate
from raasid.footage.formats.label_names import UNLABELLED
from raasid.footage.formats.parsing.values import (
    MAX_EDGE_PX,
    MAX_FRAMES,
    MAX_TRACK_ID,
    ValueUnusable,
    integer,
    label,
    safe_join,
    short_repr,
    text,
)
from raasid.footage.formats.parsing.xml_reader import Element, iter_elements
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Person

Reject = Callable[[int, str], None]
"""Called with line and reason of what is left out."""


@dataclass(slots=True)
class Task:
    """Properties of the annotated video."""

    name: str = ""
    """File name of the video, else the name of the task."""
    size: tuple[int, int] = (0, 0)
    start: int = 0
    stop: int | None = None
    """Last frame; None if unknown."""
    step: int = 1

    def check(self, frame: int) -> None:
        """Raise ValueUnusable for a frame outside the task."""
        if not self.start <= frame or (self.stop is not None and frame > self.stop):
            raise ValueUnusable(f"frame outside the task: {frame}, the task has {self.start} to {self.stop}")


@dataclass(slots=True)
class Track:
    """A track while it is read."""

    keys: dict[int, Record | None] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    written: int = 0
    """Number of listed frames that are no keyframes."""


@dataclass(slots=True)
class Tracks:
    """The records of all tracks, by frame."""

    balls: dict[int, list[Ball]] = field(default_factory=dict)
    persons: dict[int, list[Person]] = field(default_factory=dict)

    def add(self, track: Track, task: Task, reject: Reject) -> None:
        """Add a finished track; after its last keyframe it stays in position until the end of the task."""
        last = max(track.keys, default=0)
        stop = None if task.stop is None else task.stop + 1

        def too_long(frame: int, reason: str) -> None:
            reject(track.lines.get(frame, 0), reason)

        for frame, record in interpolate(
            track.keys,
            stop=stop if stop is not None and stop > last else None,
            step=task.step,
            written=track.written,
            reject=too_long,
        ):
            if isinstance(record, Ball):
                self.balls.setdefault(frame, []).append(record)
            else:
                self.persons.setdefault(frame, []).append(record)

    def pop(self, frame: int) -> tuple[tuple[Ball, ...], tuple[Person, ...]]:
        """Remove and return the balls and persons of a frame."""
        persons = self.persons.pop(frame, [])
        return tuple(self.balls.pop(frame, ())), tuple(
            merge_by_track(persons) if len(persons) > 1 else persons
        )

    def frames(self) -> set[int]:
        """Return every frame that has a ball or a person."""
        return self.balls.keys() | self.persons.keys()


def parse_task(meta: Element, reject: Reject) -> Task:
    """Parse `meta` of a task or a job; unusable values count as missing."""
    inner = meta.at("task") or meta.at("job")
    task = Task()
    if inner is None:
        return task

    def stated(*path: str, high: int = MAX_FRAMES) -> int | None:
        written = inner.text_at(*path)
        try:
            return integer(written, "/".join(path), 0, high) if written else None
        except ValueUnusable as error:
            reject(inner.line, str(error))
            return None

    edges = [stated("original_size", edge, high=MAX_EDGE_PX) or 0 for edge in ("width", "height")]
    task.size = edges[0], edges[1]
    task.name = inner.text_at("source") or inner.text_at("name") or ""
    task.step = _step(inner.text_at("frame_filter") or "")
    task.start = stated("start_frame") or 0
    size, stop = stated("size"), stated("stop_frame")
    if stop is not None:
        task.stop = stop
    elif size:
        task.stop = task.start + (size - 1) * task.step
    return task


def parse_keyframe(element: Element, task: Task) -> tuple[int, bool]:
    """Return the frame of a shape in a track, and whether it is a keyframe (the default)."""
    frame = integer(element.attributes.get("frame"), "frame", 0, MAX_FRAMES)
    task.check(frame)
    if element.attributes.get("outside", "0") not in ("0", "1"):
        raise ValueUnusable(f"outside not 0 or 1: {short_repr(element.attributes['outside'])}")
    return frame, element.attributes.get("keyframe", "1") != "0"


def _step(written: str) -> int:
    """Return the step of a frame filter such as `step=5`."""
    key, _, value = written.partition("=")
    usable = key.strip() == "step" and value.strip().isdecimal() and len(value) < 6
    return max(1, int(value)) if usable else 1


_UNITS = {"meta", "image", "track", *SHAPES}


@dataclass(slots=True)
class ImageEntry:
    """One image and what is annotated in it."""

    name: str = ""
    size: tuple[int, int] = (0, 0)
    subset: str = ""
    balls: list[Ball] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    """Group -> number of its person."""
    tracks: dict[int, int] = field(default_factory=dict)
    """Number of a person -> track, where an attribute says one."""


class Document:
    """Reads one file; yields its images, and holds its tracks."""

    def __init__(self, path: Path, name: str, ball_class: str | None, quarantine: Quarantine) -> None:
        self._path, self._name, self._ball_class = path, name, ball_class
        self._quarantine = quarantine
        self.unused: Counter[str] = Counter()
        """What is sound but neither the match ball nor a person -> how often."""
        self.task = Task()
        self.tracks = Tracks()
        self.has_tracks = False
        self.has_images = False
        self._points: list[Element] = []
        self._entry = ImageEntry()
        self._track = Track()
        self._groups: dict[str, int] = {}

    def images(self) -> Iterator[ImageEntry]:
        """Yield the images; when they end, `tracks` holds all tracks. Raises XmlUnreadable."""
        for element in iter_elements(self._path, _UNITS):
            try:
                if element.tag == "meta":
                    self.task = parse_task(element, self._reject)
                elif element.tag == "image":
                    self.has_images = True
                    entry, self._entry = self._entry, ImageEntry()
                    yield _finished(element, entry)
                elif element.tag == "track":
                    self.has_tracks = True
                    track, self._track = self._track, Track()
                    self.tracks.add(track, self.task, self._reject)
                elif element.parent is not None and element.parent.tag == "skeleton":
                    self._points.append(element)
                else:
                    self._shape(element)
            except ValueUnusable as error:
                self._reject(element.line, str(error))
            except NotUsed as what:
                self.unused[str(what)] += 1

    def _reject(self, line: int, reason: str) -> None:
        self._quarantine.add(self._name, reason, line or None)

    def _shape(self, element: Element) -> None:
        points, self._points = self._points, []
        around = element.parent
        if around is None or around.tag not in ("image", "track"):
            return
        owner = around if around.tag == "track" else element
        shape = Shape(label(owner.attributes.get("label"), "label"), element)
        for point in points:
            index, place = parse_keypoint(point)
            if index is None:
                shape.unknown.append(point.attributes["label"])
            else:
                shape.points[index] = place
        if around.tag == "image":
            self._add_to_image(shape)
        else:
            self._add_to_track(shape, around)

    def _add_to_image(self, shape: Shape) -> None:
        entry, group = self._entry, shape.element.attributes.get("group_id", "")
        number = len(entry.persons)
        if group not in ("", "0"):
            number = entry.numbers.setdefault(group, number)
        found = to_record(shape, number, self._ball_class)
        if isinstance(found, Ball):
            entry.balls.append(found)
            return
        entry.persons.append(found)
        named = stated_track(shape)
        if named is not None:
            entry.tracks[number] = named

    def _add_to_track(self, shape: Shape, around: Element) -> None:
        frame, is_key = parse_keyframe(shape.element, self.task)
        if not is_key:
            self._track.written += 1
            return
        gone = is_set(shape.element, "outside")
        if shape.element.tag == "skeleton":
            gone = gone or all(point == UNLABELLED for point in shape.points.values())
        keys, known = self._track.keys, frame in self._track.keys
        before = keys.get(frame)
        keys.setdefault(frame, None)  # out of sight already if what follows finds a fault in it
        self._track.lines.setdefault(frame, shape.element.line)
        found = None if gone else to_record(shape, self._number(around), self._ball_class)
        if known and (before is not None or found is not None):
            persons = [each for each in (before, found) if isinstance(each, Person)]
            (both,) = merge_by_track(persons) if len(persons) == 2 else (before,)
            if both is before:
                raise ValueUnusable(f"second keyframe of one frame: {frame}")
            found = both
        keys[frame] = found

    def _number(self, track: Element) -> int:
        """Return the person's number: the track's, or that of the first track of its group."""
        number = integer(track.attributes.get("id"), "track id", 0, MAX_TRACK_ID)
        group = track.attributes.get("group_id", "")
        return number if group in ("", "0") else self._groups.setdefault(group, number)


def _finished(element: Element, entry: ImageEntry) -> ImageEntry:
    given = element.attributes
    entry.name = safe_join(Path(), text(given.get("name"), "image name")).as_posix()
    width, height = (integer(given.get(edge) or 0, edge, 0, MAX_EDGE_PX) for edge in ("width", "height"))
    entry.size, entry.subset = (width, height), given.get("subset", "")
    renamed = set(entry.tracks.values())
    tracks = entry.tracks if len(renamed) == len(entry.tracks) else {}
    free = max(renamed, default=-1) + 1
    persons = []
    for person in merge_by_track(entry.persons):
        number = tracks.get(person.track)
        if tracks and number is None:
            number, free = free, free + 1
        persons.append(person if number is None else replace(person, track=number))
    entry.persons = persons
    return entry
