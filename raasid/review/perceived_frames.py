"""What was perceived of a film, kept on disk in stretches, so that neither time nor memory is lost.

    TRACKS/0000000.json, 0000300.json, …   COCO video JSON, each there whole or not at all

A review that is killed goes on with the stretch it was at; hours of play need the memory of a few stretches.

Goes on where a review was killed: who was seen before keeps number and team.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

from raasid.footage import coco_format
from raasid.footage.media import Image
from raasid.footage.records import Clip, Frame, Person, Provenance
from raasid.geometry import iou_xywh
from raasid.review.video_source import Film

_LEAST_OVERLAP = 0.3
"""Intersection over union of one person's boxes in neighbouring frames."""


@dataclass(slots=True)
class Continuation:
    """Renumbers frames that were perceived by themselves, as if there had been no break."""

    before: Frame
    """The last frame of the earlier part."""
    free: int
    """The least number that no track of the earlier part has."""
    _numbers: dict[int, int] | None = None
    _teams: dict[str, str] = field(default_factory=dict)

    def join(self, frame: Frame) -> Frame:
        """Return the next frame with numbers and teams of the whole clip."""
        if self._numbers is None:
            pairs = _pairs(self.before, frame)
            self._numbers = {now.track: before.track for before, now in pairs}
            self._teams = _renamed(pairs)
        for person in frame.persons:
            if person.track not in self._numbers:
                self._numbers[person.track], self.free = self.free, self.free + 1
        persons = [
            replace(
                person,
                track=self._numbers[person.track],
                team=self._teams.get(person.team, person.team) if person.team else None,
            )
            for person in frame.persons
        ]
        return replace(frame, persons=tuple(sorted(persons, key=lambda person: person.track)))


def _pairs(before: Frame, now: Frame) -> list[tuple[Person, Person]]:
    """The same persons, last seen and seen now."""
    if not before.persons or not now.persons:
        return []
    overlap = iou_xywh(*(np.array([p.box for p in frame.persons], float) for frame in (before, now)))
    rows, columns = linear_sum_assignment(-overlap)
    return [
        (before.persons[i], now.persons[j])
        for i, j in zip(rows, columns, strict=True)
        if overlap[i, j] >= _LEAST_OVERLAP
    ]


def _renamed(pairs: Sequence[tuple[Person, Person]]) -> dict[str, str]:
    """What a team is called now -> what most of its persons were called before; never two alike."""
    votes = Counter((now.team, before.team) for before, now in pairs if now.team and before.team)
    names: dict[str, str] = {}
    for (now, before), _ in votes.most_common():
        if now and before and now not in names and before not in names.values():
            names[now] = before
    # a team that nobody is known of gives its name way to the one that has taken it
    for taken in sorted(set(names.values()) - set(names)):
        names[taken] = min(set(names) - set(names.values()))
    return names


LENGTH = 300
"""Frames of a stretch."""


class Perceiver(Protocol):
    """What finds ball and players; `raasid.perception.tracker.Perception` is one."""

    @property
    def name(self) -> str:
        """Changes whenever its answers can."""
        ...

    def look_through(
        self,
        images: Iterable[Image],
        frames: Iterable[Frame],
        advance: Callable[[int], None] | None = None,
        frame_rate_hz: float = 25.0,
    ) -> Iterator[Frame]:
        """Yield the frames of one clip, in order, with ball and players in them."""
        ...


class Stretches:
    """The perceived frames of one film."""

    def __init__(self, folder: Path, film: Film, length: int = LENGTH) -> None:
        self.folder = folder
        self.film = film
        self.length = length
        self._read = lru_cache(maxsize=2)(self._load)

    def perceive(self, perceiver: Perceiver, advance: Callable[[int], None]) -> None:
        """Look at what nobody has looked at yet."""
        starts = range(0, self.film.frames, self.length)
        first = next((start for start in starts if not self._file(start).is_file()), self.film.frames)
        advance(first)
        if first == self.film.frames:
            return
        joined = self._join_after(first)
        found = perceiver.look_through(
            self.film.images(first), self._blank(first), advance, self.film.frame_rate_hz
        )
        seen = (joined(frame) for frame in found)
        for start in starts[first // self.length :]:
            self._write(start, list(islice(seen, self.length)))

    def _join_after(self, first: int) -> Callable[[Frame], Frame]:
        if not first:
            return lambda frame: frame
        free = 0
        for start in range(0, first, self.length):
            done = self._load(start)
            free = max([free, *(1 + person.track for frame in done for person in frame.persons)])
        return Continuation(self._load(first - self.length)[-1], free).join

    def frames(self, start: int, stop: int) -> list[Frame]:
        """Return frames start to stop - 1, with their media as the film's own file."""
        first = start // self.length * self.length
        found = [frame for at in range(first, stop, self.length) for frame in self._read(at)]
        return found[start - first : stop - first]

    def __iter__(self) -> Iterator[list[Frame]]:
        """Yield stretch after stretch."""
        for start in range(0, self.film.frames, self.length):
            yield self._read(start)

    def _blank(self, first: int) -> Iterator[Frame]:
        film = self.film
        for index in range(first, film.frames):
            yield Frame(index, film.path, film.width, film.height, in_video=True)

    def _file(self, start: int) -> Path:
        return self.folder / f"{start:07d}.json"

    def _write(self, start: int, frames: Sequence[Frame]) -> None:
        named = tuple(replace(frame, image=Path(self.film.path.name)) for frame in frames)
        origin = Provenance(source=self.film.name, annotator="raasid review")
        clip = Clip(f"{self.film.name}#{start}", named, origin, self.film.frame_rate_hz)
        coco_format.write([clip], self.folder, self._file(start).name)

    def _load(self, start: int) -> list[Frame]:
        (clip,) = coco_format.read(self.folder, self._file(start).name)
        return [replace(frame, image=self.film.path) for frame in clip.frames]
