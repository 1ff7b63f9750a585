"""Persons who were seen before and after, and not in between: inferred, and said to be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.tracks.similarity import Sightings

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


def bridged(
    seen: Sequence[Sightings], numbers: Sequence[Numbers], seconds: Floats, shift: Floats, longest: float
) -> list[tuple[Numbers, Sightings]]:
    """Return for each of T frames the persons who are missing in it, with their track numbers.

    seconds: (T,) when each frame was taken. shift: (T, 2) pixels by which the picture has moved since the
    first frame: a person stands on the pitch, not in the picture. longest: seconds between two sightings
    that may be bridged. Boxes and joints lie between those of the sightings; score falls towards the gap's
    middle; a joint that one of them lacks is lacking.
    """
    last: dict[int, tuple[int, int]] = {}
    found: dict[int, list[tuple[int, Sightings]]] = defaultdict(list)
    for t, of_frame in enumerate(numbers):
        for row, number in enumerate(of_frame.tolist()):
            if number < 0:
                continue
            if (
                number in last
                and t - last[number][0] > 1
                and seconds[t] - seconds[last[number][0]] <= longest
            ):
                begin, old = last[number]
                for between in range(begin + 1, t):
                    part = (seconds[between] - seconds[begin]) / (seconds[t] - seconds[begin])
                    moves = shift[between] - shift[begin], shift[between] - shift[t]
                    person = _between(seen[begin], old, seen[t], row, float(part), moves)
                    found[between].append((number, person))
            last[number] = (t, row)
    return [_together(found.get(t, [])) for t in range(len(numbers))]


def _between(
    a: Sightings, i: int, b: Sightings, j: int, part: float, moves: tuple[Floats, Floats]
) -> Sightings:
    """One person at `part` of the way from row i of a to row j of b; moves: of the camera since either."""
    move = (1 - part) * moves[0] + part * moves[1]
    boxes = (1 - part) * a.boxes[i : i + 1] + part * b.boxes[j : j + 1]
    boxes[:, :2] += move
    joints = (1 - part) * a.joints[i : i + 1] + part * b.joints[j : j + 1]
    joints[..., :2] += move
    joints[..., 2] = np.minimum(a.joints[i : i + 1, :, 2], b.joints[j : j + 1, :, 2])
    away = 2 * min(part, 1 - part)
    score = min(a.score[i], b.score[j]) * (1 - 0.5 * away)
    kits = np.full((1, 3), np.nan, np.float32)
    return Sightings(boxes.astype(np.float32), np.array([score], np.float32), joints.astype(np.float32), kits)


def _together(persons: list[tuple[int, Sightings]]) -> tuple[Numbers, Sightings]:
    if not persons:
        return np.zeros(0, np.int64), Sightings.of_boxes([])
    numbers = np.array([number for number, _ in persons], np.int64)
    return numbers, Sightings.stacked([person for _, person in persons])
