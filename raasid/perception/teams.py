"""Teams of tracks through footage of any length, and which annotated team each predicted one is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from raasid.perception.inference import FrameDetections
from raasid.tracks.team_colors import TeamAssignment, assign_teams

TrackIds = NDArray[np.int64]
_MAX_SHIRTS = 40
"""Colors that are kept of a track; a median needs no more."""


class TeamMemory:
    """Collects the shirt colors of tracks frame by frame, and assigns roles and teams by them."""

    def __init__(self) -> None:
        self._shirts: dict[int, list[NDArray[np.float32]]] = {}
        self._heights: dict[int, float] = {}
        self._teams: NDArray[np.float32] | None = None

    def update(self, detections: FrameDetections, ids: TrackIds) -> None:
        """Add the shirt colors of one frame's persons."""
        people = detections.people
        for row, track in enumerate(ids.tolist()):
            if track < 0 or np.isnan(people.shirts[row]).any():
                continue
            kept = self._shirts.setdefault(track, [])
            kept.append(people.shirts[row])
            del kept[:-_MAX_SHIRTS]
            self._heights[track] = float(people.boxes[row, 3])

    def assignments(self) -> dict[int, TeamAssignment]:
        """Return role and team of every track whose shirt was seen."""
        tracks = sorted(self._shirts)
        colors = [np.median(self._shirts[track], axis=0) for track in tracks]
        weights = [len(self._shirts[track]) * self._heights[track] for track in tracks]
        shirts = np.array(colors, np.float32).reshape(-1, 3)
        teams = assign_teams(shirts, np.array(weights, np.float32), self._teams)
        self._teams = teams.shirts
        return dict(zip(tracks, teams.assignments, strict=True))

    def forget(self, ended: set[int]) -> None:
        """Drop the colors of tracks that have ended."""
        for track in ended & self._shirts.keys():
            del self._shirts[track], self._heights[track]


def match_team_names(pairs: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
    """Map (clip, predicted team) to the annotated team, one to one in each clip, by most agreement.

    pairs: (clip, annotated team, predicted team) of many detections.
    """
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for clip, true, predicted in pairs:
        counts[clip][predicted, true] += 1
    names: dict[tuple[str, str], str] = {}
    for clip, of_clip in counts.items():
        taken: set[str] = set()
        for (predicted, true), _ in sorted(of_clip.items(), key=lambda entry: (-entry[1], entry[0])):
            if (clip, predicted) not in names and true not in taken:
                names[clip, predicted] = true
                taken.add(true)
    return names
