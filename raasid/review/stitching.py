"""Joins stretches of a long clip that were perceived one after the other: a person keeps the number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from raasid.data.records import Frame, Person

_LEAST_OVERLAP = 0.3
"""Intersection over union of one person's boxes in neighbouring frames."""


@dataclass(slots=True)
class Stitching:
    """Told the stretches in order; numbers and teams of each go on from the one before."""

    _last: Frame | None = None
    _next: int = 0
    _teams: dict[str, str] = field(default_factory=dict)

    def join(self, frames: Sequence[Frame]) -> list[Frame]:
        """Return a stretch with the numbers and teams of the whole clip."""
        if not frames:
            return []
        pairs = _pairs(self._last, frames[0])
        numbers = {now.track: before.track for before, now in pairs}
        for track in sorted({person.track for frame in frames for person in frame.persons}):
            if track not in numbers:
                numbers[track], self._next = self._next, self._next + 1
        teams = _renamed(pairs)
        joined = [
            replace(
                frame,
                persons=tuple(
                    replace(p, track=numbers[p.track], team=teams.get(p.team, p.team) if p.team else None)
                    for p in frame.persons
                ),
            )
            for frame in frames
        ]
        self.follow(joined)
        return joined

    def follow(self, joined: Sequence[Frame]) -> None:
        """Take note of a stretch that has been joined before, by a run that did not end."""
        self._last = joined[-1]
        tracks = [person.track for frame in joined for person in frame.persons]
        self._next = max(self._next, 1 + max(tracks, default=-1))


def _pairs(before: Frame | None, now: Frame) -> list[tuple[Person, Person]]:
    """The same persons, last seen and seen now."""
    if before is None or not before.persons or not now.persons:
        return []
    overlap = np.array([[_overlap(a.box, b.box) for b in now.persons] for a in before.persons])
    rows, columns = linear_sum_assignment(-overlap)
    return [
        (before.persons[i], now.persons[j])
        for i, j in zip(rows, columns, strict=True)
        if overlap[i, j] >= _LEAST_OVERLAP
    ]


def _renamed(pairs: Sequence[tuple[Person, Person]]) -> dict[str, str]:
    """What a stretch calls a team -> what most of its persons were called before; never two alike."""
    votes = Counter((now.team, before.team) for before, now in pairs if now.team and before.team)
    names: dict[str, str] = {}
    for (now, before), _ in votes.most_common():
        if now and before and now not in names and before not in names.values():
            names[now] = before
    # a team that no vote renames gives way to the one that has taken its name
    for new in set(names.values()) - set(names):
        free = set(names) - set(names.values())
        if free:
            names[new] = free.pop()
    return names


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    whole = a[2] * a[3] + b[2] * b[3] - shared
    return shared / whole if whole > 0 else 0.0
