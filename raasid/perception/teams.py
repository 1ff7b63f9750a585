"""Who plays for whom, remembered through footage of any length.

Which of the annotated teams a team that was told apart by its shirts is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from raasid.perception.inference import Look
from raasid.tracks.team_colors import Side, sides

Numbers = NDArray[np.int64]
_REMEMBERED = 40
"""Colours that are kept of a track; a median needs no more."""
_UNKNOWN = Side("player", None)


class Squads:
    """Told the shirts of tracks as they come; says the roles and teams of all who are not yet forgotten."""

    def __init__(self) -> None:
        self._shirts: dict[int, list[NDArray[np.float32]]] = {}
        self._heights: dict[int, float] = {}
        self._teams: NDArray[np.float32] | None = None

    def tell(self, look: Look, numbers: Numbers) -> None:
        """Note the colours of one frame's persons."""
        for row, number in enumerate(numbers.tolist()):
            if number < 0 or np.isnan(look.people.kits[row]).any():
                continue
            kept = self._shirts.setdefault(number, [])
            kept.append(look.people.kits[row])
            del kept[:-_REMEMBERED]
            self._heights[number] = float(look.people.boxes[row, 3])

    def now(self) -> dict[int, Side]:
        """Sides of every track whose shirt was seen; who is not in it plays for nobody knows whom."""
        numbers = sorted(self._shirts)
        colours = [np.median(self._shirts[number], axis=0) for number in numbers]
        weights = [len(self._shirts[number]) * self._heights[number] for number in numbers]
        told = sides(np.array(colours, np.float32).reshape(-1, 3), np.array(weights, np.float32), self._teams)
        self._teams = told.shirts
        return dict(zip(numbers, told.of, strict=True))

    def forget(self, gone: set[int]) -> None:
        """Tracks that have ended need no memory."""
        for number in gone & self._shirts.keys():
            del self._shirts[number], self._heights[number]


def side_of(found: dict[int, Side], number: int) -> Side:
    """A track's side."""
    return found.get(number, _UNKNOWN)


def team_names(pairs: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
    """From (clip, annotated team, told team) of many sightings: (clip, told team) -> annotated team.

    One to one in each clip, such that most sightings are right.
    """
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for clip, true, told in pairs:
        counts[clip][told, true] += 1
    names: dict[tuple[str, str], str] = {}
    for clip, of_clip in counts.items():
        taken: set[str] = set()
        for (told, true), _ in sorted(of_clip.items(), key=lambda entry: (-entry[1], entry[0])):
            if (clip, told) not in names and true not in taken:
                names[clip, told] = true
                taken.add(true)
    return names
