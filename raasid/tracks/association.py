"""Assign track ids to the persons of successive frames.

Confident detections are matched with the expected positions of tracks first, low-confidence ones with the
tracks that are left (ByteTrack, arXiv 2110.06864). An expected position is the last one plus the camera's
shift and the person's own motion. Shirts and poses take part in the cost, because the boxes of two players
who cross overlap like those of one (BoT-SORT, arXiv 2206.14651).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from raasid.tracks.similarity import PersonDetections, association_cost

Floats = NDArray[np.float64]
TrackIds = NDArray[np.int64]
_IMPOSSIBLE = 1e6
_MAX_COST, _MAX_LOW_SCORE_COST = 2.2, 1.6
"""Cost from which a confident, and a low-confidence, detection is another person; measured on the league."""
_INERTIA = 0.6
_SHIRT_MEMORY = 0.8
_MIN_VOTES = 2
"""Persons who must have moved alike for the move to be the camera's."""
_MIN_VOTE_SHARE = 0.4
"""The same as a share of all persons."""


@dataclass(slots=True, eq=False)
class _Track:
    id: int
    person: PersonDetections
    """One row: the last detection, moved along with the camera."""
    velocity: Floats
    """(2,) pixels per frame, without the camera's motion."""
    unseen: float = 0.0
    """Frames since the last detection."""


@dataclass(slots=True)
class Association:
    """Assigns track ids within one shot, frame by frame; an id is never used twice."""

    min_new_score: float = 0.0
    """Score from which a detection may begin a track."""
    reach: float = 1.5
    """Largest distance of a person from the expected position after one frame, in heights."""
    max_unseen: float = 2
    """Frames for which a track continues without a detection."""
    _tracks: list[_Track] = field(default_factory=list)
    _next_id: int = 0

    def update(
        self, detected: PersonDetections, shift: Floats | None = None, elapsed: float = 1.0
    ) -> TrackIds:
        """Return (K,) track ids of the next frame's persons; -1 for low-confidence ones without a track.

        shift: (2,) pixels by which the image has moved since the last call; None: estimated from the persons.
        elapsed: frames since the last call.
        """
        for track in self._tracks:
            track.unseen += elapsed
        self._tracks = [track for track in self._tracks if track.unseen <= elapsed + self.max_unseen]
        self._move_to_expected(detected, shift, elapsed)
        ids = np.full(len(detected), -1, np.int64)
        confident = np.asarray(detected.score >= self.min_new_score)
        left = self._match(detected, np.flatnonzero(confident), ids, self._tracks, _MAX_COST, elapsed)
        self._match(detected, np.flatnonzero(~confident), ids, left, _MAX_LOW_SCORE_COST, elapsed)
        for row in np.flatnonzero(confident & (ids < 0)).tolist():
            self._tracks.append(_Track(self._next_id, _row(detected, row), np.zeros(2)))
            ids[row], self._next_id = self._next_id, self._next_id + 1
        return ids

    def reset(self) -> None:
        """Drop all tracks after a shot cut."""
        self._tracks = []

    def _move_to_expected(self, detected: PersonDetections, shift: Floats | None, elapsed: float) -> None:
        """Move every track to its expected position."""
        if not self._tracks:
            return
        before = PersonDetections.concatenate([track.person for track in self._tracks])
        if shift is None:
            height = float(np.median(detected.boxes[:, 3])) if len(detected) else 1.0
            shift = camera_shift(before.feet.astype(float), detected.feet.astype(float), height)
        for track in self._tracks:
            moved = (shift + track.velocity * elapsed).astype(np.float32)
            track.velocity = track.velocity * (1.0 if track.unseen <= elapsed else 0.8)
            boxes, joints = track.person.boxes.copy(), track.person.joints.copy()
            boxes[:, :2] += moved
            joints[..., :2] += moved
            track.person = replace(track.person, boxes=boxes, joints=joints)

    def _match(
        self,
        detected: PersonDetections,
        rows: TrackIds,
        ids: TrackIds,
        tracks: list[_Track],
        max_cost: float,
        elapsed: float,
    ) -> list[_Track]:
        """Assign rows to tracks, writing to `ids`; return the tracks that got none."""
        if not tracks or not len(rows):
            return tracks
        expected = PersonDetections.concatenate([track.person for track in tracks])
        unseen = np.array([track.unseen for track in tracks], np.float32)
        reach = self.reach * np.sqrt(unseen / elapsed, dtype=np.float32)
        cost, possible = association_cost(expected, detected.rows(rows), reach)
        cost = np.where(possible & (cost < max_cost), cost, np.float32(_IMPOSSIBLE))
        matched = set()
        for i, j in zip(*linear_sum_assignment(cost), strict=True):
            if cost[i, j] < _IMPOSSIBLE:
                matched.add(int(i))
                ids[rows[j]] = tracks[i].id
                _update(tracks[i], _row(detected, int(rows[j])))
        return [track for i, track in enumerate(tracks) if i not in matched]


def camera_shift(before: Floats, now: Floats, height: float) -> Floats:
    """Return the shift (2,) that brings most persons near their next position; zero without enough votes.

    before, now: (M, 2) and (N, 2) feet in pixels, not matched yet; height: of a person. Every pair votes for
    its displacement; the largest cluster of votes wins.
    """
    moves = (now[None] - before[:, None]).reshape(-1, 2)
    near = moves[np.linalg.norm(moves, axis=1) < 6 * height]
    if len(near) == 0:
        return np.zeros(2)
    votes = (np.linalg.norm(near[:, None] - near[None], axis=2) < 0.4 * height).sum(axis=1)
    if votes.max() < max(_MIN_VOTES, _MIN_VOTE_SHARE * min(len(before), len(now))):
        return np.zeros(2)
    best = near[int(votes.argmax())]
    return np.asarray(np.median(near[np.linalg.norm(near - best, axis=1) < 0.4 * height], axis=0))


def _update(track: _Track, row: PersonDetections) -> None:
    """Take over a new detection; its offset from the expected position corrects the velocity."""
    offset = (row.feet[0] - track.person.feet[0]).astype(float)
    track.velocity = track.velocity + (1 - _INERTIA) * offset / track.unseen
    old, new = track.person.shirts, row.shirts
    blended = np.where(np.isnan(old), new, np.where(np.isnan(new), old, _SHIRT_MEMORY * old + 0.2 * new))
    track.person = replace(row, shirts=np.asarray(blended, np.float32))
    track.unseen = 0.0


def _row(detected: PersonDetections, row: int) -> PersonDetections:
    return detected.rows(np.array([row]))
