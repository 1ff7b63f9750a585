"""What was perceived of a film, kept on disk in stretches, so that neither time nor memory is lost.

    TRACKS/0000000.json, 0000300.json, …   COCO video JSON, each there whole or not at all

A review that is killed goes on with the stretch it was at; hours of play need the memory of one stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Protocol

from raasid.data import coco_video
from raasid.data.media import Image
from raasid.data.records import Clip, Frame, Provenance
from raasid.review.film import Film
from raasid.review.stitching import Stitching

LENGTH = 300
"""Frames of a stretch; the ball is not followed over the end of one."""


class Perceiver(Protocol):
    """What finds ball and players; `raasid.perception.Perception` is one."""

    @property
    def name(self) -> str:
        """Changes whenever its answers can."""
        ...

    def look(
        self,
        images: Iterator[Image],
        frames: Sequence[Frame],
        advance: Callable[[int], None] | None = None,
    ) -> list[Frame]:
        """Return the frames of one clip, in order, with ball and players in them."""
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
        stitching = Stitching()
        starts = range(0, self.film.frames, self.length)
        missing = [start for start in starts if not self._file(start).is_file()]
        if not missing:
            advance(self.film.frames)
            return
        first = missing[0]  # whatever lies behind a hole has numbers that do not go on from it
        if first:
            stitching.follow(self._load(first - self.length))
            advance(first)
        images = self.film.images(first)
        for start in starts[first // self.length :]:
            blank = self._blank(start)
            seen = stitching.join(perceiver.look(islice(images, len(blank)), blank, advance))
            self._write(start, seen)

    def frames(self, start: int, stop: int) -> list[Frame]:
        """Return frames start to stop - 1, with their media as the film's own file."""
        first = start // self.length * self.length
        found = [frame for at in range(first, stop, self.length) for frame in self._read(at)]
        return found[start - first : stop - first]

    def __iter__(self) -> Iterator[list[Frame]]:
        """Yield stretch after stretch."""
        for start in range(0, self.film.frames, self.length):
            yield self._read(start)

    def _blank(self, start: int) -> list[Frame]:
        film = self.film
        return [
            Frame(i, film.path, film.width, film.height, in_video=True)
            for i in range(start, min(start + self.length, film.frames))
        ]

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
