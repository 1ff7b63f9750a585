"""Tracks of CVAT's XML: the frames of a video, filled between keyframes.

Tracks of which only some frames are written down: what lies between is on a straight line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from raasid.footage.formats.cvat_shapes import merge_by_track
from raasid.footage.formats.keyframe_interpolation import Record, interpolate
from raasid.footage.formats.parsing.values import MAX_EDGE_PX, MAX_FRAMES, ValueUnusable, integer, short_repr
from raasid.footage.formats.parsing.xml_reader import Element
from raasid.footage.records import Ball, Person

Bad = Callable[[int, str], None]
"""Hears of what is left out: line, and `what: value seen`."""


@dataclass(slots=True)
class Task:
    """What a file says of its video."""

    name: str = ""
    """The video's file; the task's name where it does not say."""
    size: tuple[int, int] = (0, 0)
    start: int = 0
    stop: int | None = None
    """The last frame."""
    step: int = 1

    def check(self, frame: int) -> None:
        """Raise ValueUnusable for a frame that the video does not have."""
        if not self.start <= frame or (self.stop is not None and frame > self.stop):
            raise ValueUnusable(f"frame outside the task: {frame}, the task has {self.start} to {self.stop}")


@dataclass(slots=True)
class Track:
    """One track while it is read."""

    keys: dict[int, Record | None] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    written: int = 0
    """Frames that are listed but no keyframes."""


@dataclass(slots=True)
class Tracks:
    """All that the tracks of a file show, frame by frame."""

    balls: dict[int, list[Ball]] = field(default_factory=dict)
    persons: dict[int, list[Person]] = field(default_factory=dict)

    def add(self, track: Track, task: Task, bad: Bad) -> None:
        """Take a finished track; after its last keyframe it stays where it is, to the end of the task."""
        last = max(track.keys, default=0)
        stop = None if task.stop is None else task.stop + 1

        def too_long(frame: int, reason: str) -> None:
            bad(track.lines.get(frame, 0), reason)

        for frame, record in interpolate(
            track.keys,
            stop=stop if stop is not None and stop > last else None,
            step=task.step,
            written=track.written,
            bad=too_long,
        ):
            if isinstance(record, Ball):
                self.balls.setdefault(frame, []).append(record)
            else:
                self.persons.setdefault(frame, []).append(record)

    def at(self, frame: int) -> tuple[tuple[Ball, ...], tuple[Person, ...]]:
        """Give balls and persons of a frame away."""
        persons = self.persons.pop(frame, [])
        return tuple(self.balls.pop(frame, ())), tuple(
            merge_by_track(persons) if len(persons) > 1 else persons
        )

    def frames(self) -> set[int]:
        """Return every frame in which something is seen."""
        return self.balls.keys() | self.persons.keys()


def parse_task(meta: Element, bad: Bad) -> Task:
    """Read `meta`: of a task or a job. What is unusable there counts as not said."""
    inner = meta.at("task") or meta.at("job")
    task = Task()
    if inner is None:
        return task

    def said(*path: str, most: int = MAX_FRAMES) -> int | None:
        written = inner.text_at(*path)
        try:
            return integer(written, "/".join(path), 0, most) if written else None
        except ValueUnusable as error:
            bad(inner.line, str(error))
            return None

    edges = [said("original_size", edge, most=MAX_EDGE_PX) or 0 for edge in ("width", "height")]
    task.size = edges[0], edges[1]
    task.name = inner.text_at("source") or inner.text_at("name") or ""
    task.step = _step(inner.text_at("frame_filter") or "")
    task.start = said("start_frame") or 0
    size, stop = said("size"), said("stop_frame")
    if stop is not None:
        task.stop = stop
    elif size:
        task.stop = task.start + (size - 1) * task.step
    return task


def parse_keyframe(element: Element, task: Task) -> tuple[int, bool]:
    """Return the frame of a shape in a track, and whether it is a keyframe; without a word it is one."""
    frame = integer(element.attributes.get("frame"), "frame", 0, MAX_FRAMES)
    task.check(frame)
    if element.attributes.get("outside", "0") not in ("0", "1"):
        raise ValueUnusable(f"outside not 0 or 1: {short_repr(element.attributes['outside'])}")
    return frame, element.attributes.get("keyframe", "1") != "0"


def _step(written: str) -> int:
    """Return the step in a frame filter such as `step=5`."""
    key, _, value = written.partition("=")
    usable = key.strip() == "step" and value.strip().isdecimal() and len(value) < 6
    return max(1, int(value)) if usable else 1
