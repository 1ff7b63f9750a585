"""From pictures to tracks: a ball and players through a clip of any length, in memory that does not grow.

Frames come one at a time; the nets see a few together. Who is who is said at once; what needs hindsight (the
ball's path, gaps, teams) is said of a block of frames when some more have been seen.

What decides which findings become tracks; part of the name of what comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raasid.footage.media import Image
from raasid.footage.records import Frame, Person
from raasid.models.ball.module import BallModule
from raasid.models.pose.module import PoseModule
from raasid.perception.inference import Look, Looking, Upstream, upstream_ball, upstream_pose
from raasid.perception.settings import PerceptionSettings
from raasid.perception.teams import Squads, side_of
from raasid.perception.to_records import INTERPOLATED, ball_record, person_record
from raasid.tracks.association import Association
from raasid.tracks.ball_path import BallFlight, ball_flight
from raasid.tracks.interpolation import bridged

VERSION = 5
"""Raised whenever the same weights would give other tracks."""
BLOCK, MARGIN = 256, 64
"""Frames that are settled at once, and that are seen before and after them for it."""
_REACH = 0.35, 6.0
"""Heights that a person may be from where he is expected: at once, and more per second."""


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """A look whose persons are numbered."""

    look: Look
    numbers: NDArray[np.int64]
    seconds: float


class Perception:
    """Two nets and the rules that make tracks of what they say."""

    def __init__(
        self,
        ball: Upstream[BallModule],
        pose: Upstream[PoseModule],
        settings: PerceptionSettings | None = None,
        device: str = "cpu",
    ) -> None:
        self.ball, self.pose = ball, pose
        self.settings = settings or PerceptionSettings()
        self._device = device

    @property
    def name(self) -> str:
        """Both weights, the settings and the version of these rules: the same name, the same tracks."""
        return f"perception-{VERSION}/{self.ball.name}/{self.pose.name}/{self.settings.digest()}"

    def look(
        self,
        images: Iterable[Image | None],
        frames: Sequence[Frame],
        advance: Callable[[int], None] | None = None,
        frame_rate_hz: float = 25.0,
    ) -> list[Frame]:
        """Return the frames of one clip, in order, with what is in them; what was annotated is left out.

        images: blue-green-red, one for each frame; None where one cannot be read. advance: told how many more
        frames were looked at. frame_rate_hz: of `Frame.index`.
        """
        return list(self.look_through(images, frames, advance, frame_rate_hz))

    def look_through(
        self,
        images: Iterable[Image | None],
        frames: Iterable[Frame],
        advance: Callable[[int], None] | None = None,
        frame_rate_hz: float = 25.0,
    ) -> Iterator[Frame]:
        """As `look`, but hand frames out as soon as they are settled: for footage without end."""
        squads = Squads()
        window: list[_Moment] = []
        done = 0
        for moment in self._moments(images, frames, squads, frame_rate_hz):
            if advance is not None:
                advance(1)
            window.append(moment)
            if len(window) == done + BLOCK + MARGIN:
                yield from self._settled(window, done, done + BLOCK, squads)
                seen = done + BLOCK
                done = min(seen, MARGIN)
                window = window[seen - done :]
        yield from self._settled(window, done, len(window), squads)

    def _moments(
        self, images: Iterable[Image | None], frames: Iterable[Frame], squads: Squads, frame_rate_hz: float
    ) -> Iterator[_Moment]:
        """Number the persons of each look."""
        settings = self.settings
        looking = Looking(self.ball, self.pose, settings.person_unsure, self._device)
        tracks = Association(settings.person_sure, patience=settings.longest_gap * frame_rate_hz)
        last: Look | None = None
        for look in looking(images, frames):
            if last is None or look.shot != last.shot:
                tracks.forget()
                elapsed, shift = 1.0, np.zeros(2)
            else:
                elapsed = max(1.0, float(look.frame.index - last.frame.index))
                shift = look.shift - last.shift
            tracks.reach = _REACH[0] + _REACH[1] * elapsed / frame_rate_hz
            numbers = tracks.number(look.people, shift, elapsed)
            squads.tell(look, numbers)
            yield _Moment(look, numbers, look.frame.index / frame_rate_hz)
            last = look

    def _settled(self, window: list[_Moment], start: int, stop: int, squads: Squads) -> Iterator[Frame]:
        """Frames from start to stop, now that their neighbours are known."""
        if start == stop:
            return
        looks = [moment.look for moment in window]
        seconds = np.array([moment.seconds for moment in window])
        shift = np.array([look.shift for look in looks])
        numbers = self._lasting(window)
        longest = self.settings.longest_gap + 1e-6
        flight = self._flight(looks, seconds, shift)
        gaps = bridged([look.people for look in looks], numbers, seconds, shift, longest)
        sides = squads.now()
        for at in range(start, stop):
            persons: list[Person] = []
            for source, rows, seen in (
                (self.pose.name, numbers[at], looks[at].people),
                (INTERPOLATED, *gaps[at]),
            ):
                for row, number in enumerate(rows.tolist()):
                    if number >= 0:
                        side = side_of(sides, number)
                        persons.append(person_record(seen, row, number, side, source, self.settings))
            persons.sort(key=lambda person: person.track)
            ball = ball_record(flight, at, self.ball.name)
            yield replace(looks[at].frame, balls=ball, persons=tuple(persons))
        going_on = {number for of_frame in numbers[max(0, stop - MARGIN) :] for number in of_frame.tolist()}
        squads.forget(set(sides) - going_on)

    def _flight(
        self, looks: list[Look], seconds: NDArray[np.float64], shift: NDArray[np.float64]
    ) -> BallFlight:
        shots = np.array([look.shot for look in looks], np.int64)
        candidates = [look.candidates for look in looks]
        threshold = self.ball.module.operating_threshold
        return ball_flight(candidates, threshold, seconds, shift, shots, self.settings.flight)

    def _lasting(self, window: list[_Moment]) -> list[NDArray[np.int64]]:
        """Track numbers of the window; -1 for who is seen too seldom to be somebody."""
        seen = Counter(n for moment in window for n in moment.numbers.tolist() if n >= 0)
        fewest = min(self.settings.fewest_sightings, len(window))
        return [
            np.array([n if seen[n] >= fewest else -1 for n in moment.numbers.tolist()], np.int64)
            for moment in window
        ]


def load_perception(
    ball: Path, pose: Path, device: str = "cpu", settings: PerceptionSettings | None = None
) -> Perception:
    """Make it from two checkpoints, which bring input sizes and operating points.

    Raises CheckpointUnusable: a file that is missing, torn, or holds a model of another task.
    """
    return Perception(upstream_ball(ball, device), upstream_pose(pose, device), settings, device)
