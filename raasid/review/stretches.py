"""What was perceived of a film, kept on disk in stretches, so that neither time nor memory is lost.

    TRACKS/0000000.json, 0000300.json, …   COCO video JSON, each there whole or not at all

A review that is killed goes on with the stretch it was at; hours of play need the memory of a few stretches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Protocol

from raasid.data import coco_video
from raasid.data.media import Image
from raasid.data.records import Clip, Frame, Provenance
from raasid.review.continuation import Continuation
from raasid.review.film import Film

LENGTH = 300
"""Frames of a stretch."""


class Perceiver(Protocol):
    """What finds ball and players; `raasid.perception.perception.Perception` is one."""

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
        coco_video.write([clip], self.folder, self._file(start).name)

    def _load(self, start: int) -> list[Frame]:
        (clip,) = coco_video.read(self.folder, self._file(start).name)
        return [replace(frame, image=self.film.path) for frame in clip.frames]
