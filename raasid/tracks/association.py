"""Which persons of successive frames are the same.

Sure sightings are given to expected places first, unsure ones to what is left of them (ByteTrack, arXiv
2110.06864); expected places are the last ones plus the camera's shift and the person's own motion. Shirts and
poses take part, because two players who cross overlap like one (BoT-SORT, arXiv 2206.14651).

How far a pan moved everybody between two frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from raasid.tracks.similarity import Sightings, unlikeness

Floats = NDArray[np.float64]
_FEWEST = 2
"""People who must have moved alike, for a pan to be told from running."""
_SHARE = 0.4
"""And of all people."""


def camera_shift(before: Floats, now: Floats, height: float) -> Floats:
    """Return the shift (2,) that brings most people near their next place.

    before, now: (M, 2) and (N, 2) feet in pixels, nobody matched yet; height: of a person. Every pair votes
    for its move; the largest heap of votes wins. Too few votes: no shift.
    """
    moves = (now[None] - before[:, None]).reshape(-1, 2)
    near = moves[np.linalg.norm(moves, axis=1) < 6 * height]
    if len(near) == 0:
        return np.zeros(2)
    votes = (np.linalg.norm(near[:, None] - near[None], axis=2) < 0.4 * height).sum(axis=1)
    if votes.max() < max(_FEWEST, _SHARE * min(len(before), len(now))):
        return np.zeros(2)
    best = near[int(votes.argmax())]
    return np.asarray(np.median(near[np.linalg.norm(near - best, axis=1) < 0.4 * height], axis=0))


Numbers = NDArray[np.int64]
_IMPOSSIBLE = 1e6
_SURE_COST, _WEAK_COST = 2.2, 1.6
"""Cost from which a sure, and an unsure, sighting is somebody else; measured on the synthetic league."""
_INERTIA = 0.6
_SHIRT_MEMORY = 0.8


@dataclass(slots=True, eq=False)
class _Track:
    number: int
    sighting: Sightings
    """One row: the last one, carried along by the camera."""
    velocity: Floats
    """(2,) pixels a frame, the camera's motion taken away."""
    unseen: float = 0.0


@dataclass(slots=True)
class Association:
    """Numbers the persons of one shot, told frame by frame; numbers are never used twice."""

    sure: float = 0.0
    """Score from which a sighting may begin a track."""
    reach: float = 1.5
    """Heights that a person may be away from where he is expected, after one frame."""
    patience: float = 2
    """Frames that a person may be unseen and still be the same."""
    _tracks: list[_Track] = field(default_factory=list)
    _next: int = 0

    def number(self, seen: Sightings, shift: Floats | None = None, elapsed: float = 1.0) -> Numbers:
        """Return (K,) track numbers; -1: an unsure sighting that continues nothing.

        shift: (2,) pixels by which the picture has moved since the last call; None: told from the people.
        elapsed: frames since the last call.
        """
        for track in self._tracks:
            track.unseen += elapsed
        self._tracks = [track for track in self._tracks if track.unseen <= elapsed + self.patience]
        self._carry(seen, shift, elapsed)
        given = np.full(len(seen), -1, np.int64)
        sure = np.asarray(seen.score >= self.sure)
        left = self._match(seen, np.flatnonzero(sure), given, self._tracks, _SURE_COST, elapsed)
        self._match(seen, np.flatnonzero(~sure), given, left, _WEAK_COST, elapsed)
        for row in np.flatnonzero(sure & (given < 0)).tolist():
            self._tracks.append(_Track(self._next, _row(seen, row), np.zeros(2)))
            given[row], self._next = self._next, self._next + 1
        return given

    def forget(self) -> None:
        """The picture has changed altogether: nobody is who he was."""
        self._tracks = []

    def _carry(self, seen: Sightings, shift: Floats | None, elapsed: float) -> None:
        """Move every track to where it is expected."""
        if not self._tracks:
            return
        before = Sightings.stacked([track.sighting for track in self._tracks])
        if shift is None:
            height = float(np.median(seen.boxes[:, 3])) if len(seen) else 1.0
            shift = camera_shift(before.feet.astype(float), seen.feet.astype(float), height)
        for track in self._tracks:
            moved = (shift + track.velocity * elapsed).astype(np.float32)
            track.velocity = track.velocity * (1.0 if track.unseen <= elapsed else 0.8)
            boxes, joints = track.sighting.boxes.copy(), track.sighting.joints.copy()
            boxes[:, :2] += moved
            joints[..., :2] += moved
            track.sighting = replace(track.sighting, boxes=boxes, joints=joints)

    def _match(
        self,
        seen: Sightings,
        rows: Numbers,
        given: Numbers,
        tracks: list[_Track],
        most: float,
        elapsed: float,
    ) -> list[_Track]:
        """Give rows to tracks; returns the tracks that got none."""
        if not tracks or not len(rows):
            return tracks
        before = Sightings.stacked([track.sighting for track in tracks])
        unseen = np.array([track.unseen for track in tracks], np.float32)
        reach = self.reach * np.sqrt(unseen / elapsed, dtype=np.float32)
        cost, possible = unlikeness(before, seen.rows(rows), reach)
        cost = np.where(possible & (cost < most), cost, np.float32(_IMPOSSIBLE))
        taken = set()
        for i, j in zip(*linear_sum_assignment(cost), strict=True):
            if cost[i, j] < _IMPOSSIBLE:
                taken.add(int(i))
                given[rows[j]] = tracks[i].number
                _update(tracks[i], _row(seen, int(rows[j])))
        return [track for i, track in enumerate(tracks) if i not in taken]


def _update(track: _Track, row: Sightings) -> None:
    """Take a new sighting over; what it adds to the expected place corrects the velocity."""
    off = (row.feet[0] - track.sighting.feet[0]).astype(float)
    track.velocity = track.velocity + (1 - _INERTIA) * off / track.unseen
    old, new = track.sighting.kits, row.kits
    blended = np.where(np.isnan(old), new, np.where(np.isnan(new), old, _SHIRT_MEMORY * old + 0.2 * new))
    track.sighting = replace(row, kits=np.asarray(blended, np.float32))
    track.unseen = 0.0


def _row(seen: Sightings, row: int) -> Sightings:
    return seen.rows(np.array([row]))
