"""Goes on where a review was killed: who was seen before keeps number and team."""

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
    overlap = np.array([[_overlap(a.box, b.box) for b in now.persons] for a in before.persons])
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


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    whole = a[2] * a[3] + b[2] * b[3] - shared
    return shared / whole if whole > 0 else 0.0
