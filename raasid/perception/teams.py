"""Which of the annotated teams a team that was told apart by its shirts is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable


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
