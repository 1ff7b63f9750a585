"""Track ball and players through a clip of any length, in memory that does not grow.

Frames come one at a time; the models see a few together. Track ids are assigned at once; the ball's path,
gaps and teams need later frames, and are computed for a block when some more frames have been seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raasid.footage.records import Frame, Person
from raasid.io.image_reader import Image
from raasid.models.ball.module import BallModule
from raasid.models.pose.module import PoseModule
from raasid.perception.inference import BatchedInference, FrameDetections
from raasid.perception.loaded_model import LoadedModel, load_ball_model, load_pose_model
from raasid.perception.teams import TeamMemory
from raasid.perception.to_records import INTERPOLATED, PerceptionSettings, ball_record, person_record
from raasid.tracks.association import Association
from raasid.tracks.ball_path import BallPath, find_ball_path
from raasid.tracks.interpolation import interpolate_gaps
from raasid.tracks.team_colors import TeamAssignment

VERSION = 5
"""Increased whenever the same weights would give other tracks."""
BLOCK, MARGIN = 256, 64
"""Frames of a block, and frames that are seen before and after it to compute it."""
_REACH = 0.35, 6.0
"""Largest distance of a person from the expected position in heights: at once, and more per second."""
_UNKNOWN_TEAM = TeamAssignment("player", None)


@dataclass(frozen=True, slots=True, eq=False)
class _TrackedFrame:
    """Detections whose persons have track ids, -1 for none."""

    detections: FrameDetections
    ids: NDArray[np.int64]
    seconds: float


def load_perception(
    ball: Path, pose: Path, device: str = "cpu", settings: PerceptionSettings | None = None
) -> PerceptionPipeline:
    """Load a pipeline from two checkpoints, which bring input sizes and operating points.

    Raises CheckpointUnusable: a file that is missing, truncated, or holds a model of another task.
    """
    return PerceptionPipeline(load_ball_model(ball, device), load_pose_model(pose, device), settings, device)


class PerceptionPipeline:
    """Ball and pose models, and the rules that turn their detections into tracks."""

    def __init__(
        self,
        ball: LoadedModel[BallModule],
        pose: LoadedModel[PoseModule],
        settings: PerceptionSettings | None = None,
        device: str = "cpu",
    ) -> None:
        self.ball, self.pose = ball, pose
        self.settings = settings or PerceptionSettings()
        self._device = device

    @property
    def name(self) -> str:
        """Names of both models, digest of the settings, version of the rules; equal names, equal tracks."""
        return f"perception-{VERSION}/{self.ball.name}/{self.pose.name}/{self.settings.digest()}"

    def track(
        self,
        images: Iterable[Image | None],
        frames: Sequence[Frame],
        update: Callable[[int], None] | None = None,
        frame_rate_hz: float = 25.0,
    ) -> list[Frame]:
        """Return the frames of one clip, in order, with predicted balls and persons in place of their own.

        images: blue-green-red, one for each frame; None for one that cannot be read. update: called with the
        number of further frames that were processed. frame_rate_hz: of `Frame.index`.
        """
        return list(self.track_stream(images, frames, update, frame_rate_hz))

    def track_stream(
        self,
        images: Iterable[Image | None],
        frames: Iterable[Frame],
        update: Callable[[int], None] | None = None,
        frame_rate_hz: float = 25.0,
    ) -> Iterator[Frame]:
        """As `track`, but yield frames as soon as they are final, for footage of any length."""
        teams = TeamMemory()
        window: list[_TrackedFrame] = []
        done = 0
        for tracked in self._associate(images, frames, teams, frame_rate_hz):
            if update is not None:
                update(1)
            window.append(tracked)
            if len(window) == done + BLOCK + MARGIN:
                yield from self._finish(window, done, done + BLOCK, teams)
                seen = done + BLOCK
                done = min(seen, MARGIN)
                window = window[seen - done :]
        yield from self._finish(window, done, len(window), teams)

    def _associate(
        self, images: Iterable[Image | None], frames: Iterable[Frame], teams: TeamMemory, frame_rate_hz: float
    ) -> Iterator[_TrackedFrame]:
        """Assign track ids to the persons of each frame."""
        settings = self.settings
        inference = BatchedInference(self.ball, self.pose, settings.min_person_score, self._device)
        tracks = Association(settings.min_track_score, max_unseen=settings.max_gap_s * frame_rate_hz)
        last: FrameDetections | None = None
        for detections in inference(images, frames):
            if last is None or detections.shot != last.shot:
                tracks.reset()
                elapsed, shift = 1.0, np.zeros(2)
            else:
                elapsed = max(1.0, float(detections.frame.index - last.frame.index))
                shift = detections.shift - last.shift
            tracks.reach = _REACH[0] + _REACH[1] * elapsed / frame_rate_hz
            ids = tracks.update(detections.people, shift, elapsed)
            teams.update(detections, ids)
            yield _TrackedFrame(detections, ids, detections.frame.index / frame_rate_hz)
            last = detections

    def _finish(
        self, window: list[_TrackedFrame], start: int, stop: int, teams: TeamMemory
    ) -> Iterator[Frame]:
        """Yield the frames from start to stop, now that their neighbours are known."""
        if start == stop:
            return
        detections = [tracked.detections for tracked in window]
        seconds = np.array([tracked.seconds for tracked in window])
        shift = np.array([frame.shift for frame in detections])
        ids = self._drop_short_tracks(window)
        max_gap_s = self.settings.max_gap_s + 1e-6
        path = self._ball_path(detections, seconds, shift)
        gaps = interpolate_gaps([frame.people for frame in detections], ids, seconds, shift, max_gap_s)
        assignments = teams.assignments()
        for index in range(start, stop):
            persons: list[Person] = []
            for source, rows, people in (
                (self.pose.name, ids[index], detections[index].people),
                (INTERPOLATED, *gaps[index]),
            ):
                for row, track in enumerate(rows.tolist()):
                    if track >= 0:
                        team = assignments.get(track, _UNKNOWN_TEAM)
                        persons.append(person_record(people, row, track, team, source, self.settings))
            persons.sort(key=lambda person: person.track)
            ball = ball_record(path, index, self.ball.name)
            yield replace(detections[index].frame, balls=ball, persons=tuple(persons))
        alive = {track for frame_ids in ids[max(0, stop - MARGIN) :] for track in frame_ids.tolist()}
        teams.forget(set(assignments) - alive)

    def _ball_path(
        self, detections: list[FrameDetections], seconds: NDArray[np.float64], shift: NDArray[np.float64]
    ) -> BallPath:
        shots = np.array([frame.shot for frame in detections], np.int64)
        candidates = [frame.balls for frame in detections]
        threshold = self.ball.module.operating_threshold
        return find_ball_path(candidates, threshold, seconds, shift, shots, self.settings.ball_path)

    def _drop_short_tracks(self, window: list[_TrackedFrame]) -> list[NDArray[np.int64]]:
        """Return the track ids of the window, with -1 for tracks of too few frames."""
        count = Counter(track for tracked in window for track in tracked.ids.tolist() if track >= 0)
        min_frames = min(self.settings.min_track_frames, len(window))
        return [
            np.array([t if count[t] >= min_frames else -1 for t in tracked.ids.tolist()], np.int64)
            for tracked in window
        ]
