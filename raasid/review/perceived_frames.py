"""The tracked frames of a video, kept on disk in chunks: memory does not grow, and a killed review resumes.

TRACKS/0000000.json, 0000300.json, …   COCO video JSON, each written atomically
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
from raasid.footage.records import Clip, Frame, Person, Provenance
from raasid.geometry import iou_xywh
from raasid.io.image_reader import Image
from raasid.review.video_source import VideoSource

CHUNK_FRAMES = 300
_MIN_IOU = 0.3
"""Of one person's boxes in neighbouring frames."""


class Tracker(Protocol):
    """Finds and tracks ball and players; `raasid.perception.tracker.PerceptionPipeline` is one."""

    @property
    def name(self) -> str:
        """Changes whenever its output can."""
        ...

    def track_stream(
        self,
        images: Iterable[Image],
        frames: Iterable[Frame],
        update: Callable[[int], None] | None = None,
        frame_rate_hz: float = 25.0,
    ) -> Iterator[Frame]:
        """Yield the frames of one clip, in order, with ball and players in them."""
        ...


class PerceivedFrames:
    """The frames of one video with ball and players."""

    def __init__(self, folder: Path, video: VideoSource, length: int = CHUNK_FRAMES) -> None:
        self.folder = folder
        self.video = video
        self.length = length
        self._load_cached = lru_cache(maxsize=2)(self._load)

    def perceive(self, tracker: Tracker, update: Callable[[int], None]) -> None:
        """Track the chunks that are not on disk yet; `update` counts frames, earlier ones included."""
        starts = range(0, self.video.frames, self.length)
        first = next((start for start in starts if not self._path(start).is_file()), self.video.frames)
        update(first)
        if first == self.video.frames:
            return
        stitch = self._stitch_after(first)
        tracked = tracker.track_stream(
            self.video.images(first), self._blank_frames(first), update, self.video.frame_rate_hz
        )
        stitched = (stitch(frame) for frame in tracked)
        for start in starts[first // self.length :]:
            self._write(start, list(islice(stitched, self.length)))

    def frames(self, start: int, stop: int) -> list[Frame]:
        """Return frames start to stop - 1, with the video's own path as their image."""
        first = start // self.length * self.length
        found = [frame for at in range(first, stop, self.length) for frame in self._load_cached(at)]
        return found[start - first : stop - first]

    def __iter__(self) -> Iterator[list[Frame]]:
        """Yield one chunk after another."""
        for start in range(0, self.video.frames, self.length):
            yield self._load_cached(start)

    def _stitch_after(self, first: int) -> Callable[[Frame], Frame]:
        if not first:
            return lambda frame: frame
        next_track = 0
        for start in range(0, first, self.length):
            done = self._load(start)
            next_track = max([next_track, *(1 + person.track for frame in done for person in frame.persons)])
        return TrackStitcher(self._load(first - self.length)[-1], next_track).stitch

    def _blank_frames(self, first: int) -> Iterator[Frame]:
        video = self.video
        for index in range(first, video.frames):
            yield Frame(index, video.path, video.width, video.height, in_video=True)

    def _path(self, start: int) -> Path:
        return self.folder / f"{start:07d}.json"

    def _write(self, start: int, frames: Sequence[Frame]) -> None:
        relative = tuple(replace(frame, image=Path(self.video.path.name)) for frame in frames)
        provenance = Provenance(source=self.video.name, annotator="raasid review")
        clip = Clip(f"{self.video.name}#{start}", relative, provenance, self.video.frame_rate_hz)
        coco_format.write([clip], self.folder, self._path(start).name)

    def _load(self, start: int) -> list[Frame]:
        (clip,) = coco_format.read(self.folder, self._path(start).name)
        return [replace(frame, image=self.video.path) for frame in clip.frames]


@dataclass(slots=True)
class TrackStitcher:
    """Renumbers tracks and teams after a resume, as if tracking had not been interrupted."""

    before: Frame
    """The last frame before the interruption."""
    next_track: int
    """The smallest number that no earlier track has."""
    _tracks: dict[int, int] | None = None
    _teams: dict[str, str] = field(default_factory=dict)

    def stitch(self, frame: Frame) -> Frame:
        """Return the next frame with the tracks and teams of the whole clip."""
        if self._tracks is None:
            pairs = _match_persons(self.before, frame)
            self._tracks = {now.track: before.track for before, now in pairs}
            self._teams = _match_teams(pairs)
        for person in frame.persons:
            if person.track not in self._tracks:
                self._tracks[person.track], self.next_track = self.next_track, self.next_track + 1
        persons = [
            replace(
                person,
                track=self._tracks[person.track],
                team=self._teams.get(person.team, person.team) if person.team else None,
            )
            for person in frame.persons
        ]
        return replace(frame, persons=tuple(sorted(persons, key=lambda person: person.track)))


def _match_persons(before: Frame, now: Frame) -> list[tuple[Person, Person]]:
    """Pairs of the same person in two neighbouring frames."""
    if not before.persons or not now.persons:
        return []
    overlap = iou_xywh(*(np.array([p.box for p in frame.persons], float) for frame in (before, now)))
    rows, columns = linear_sum_assignment(-overlap)
    return [
        (before.persons[i], now.persons[j])
        for i, j in zip(rows, columns, strict=True)
        if overlap[i, j] >= _MIN_IOU
    ]


def _match_teams(pairs: Sequence[tuple[Person, Person]]) -> dict[str, str]:
    """A team's present name -> the earlier name of most of its persons; no two teams get the same."""
    votes = Counter((now.team, before.team) for before, now in pairs if now.team and before.team)
    names: dict[str, str] = {}
    for (now, before), _ in votes.most_common():
        if now and before and now not in names and before not in names.values():
            names[now] = before
    # a team without a matched person swaps names with the team that took its name
    for taken in sorted(set(names.values()) - set(names)):
        names[taken] = min(set(names) - set(names.values()))
    return names
