"""Tracks of CVAT XML: collected while a file is read, then interpolated to the frames of the video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from raasid.footage.formats.cvat_shapes import merge_by_track
from raasid.footage.formats.keyframe_interpolation import Record, interpolate
from raasid.footage.formats.parsing.values import MAX_EDGE_PX, MAX_FRAMES, ValueUnusable, integer, short_repr
from raasid.footage.formats.parsing.xml_reader import Element
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
