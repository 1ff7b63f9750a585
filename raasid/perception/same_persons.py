"""Which annotated persons were seen, and as whom: by overlap of their boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from raasid.data.records import Person
from raasid.data.tracks.likeness import overlap

SAME = 0.4
"""Intersection over union from which a person counts as seen."""


def matched(true: Sequence[Person], seen: Sequence[Person]) -> list[tuple[int, int]]:
    """Pairs of places in both lists, each place at most once; the sum of the overlaps is the largest."""
    if not true or not seen:
        return []
    shared = overlap(_boxes(true), _boxes(seen))
    rows, columns = linear_sum_assignment(np.where(shared >= SAME, shared, 0), maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if shared[i, j] >= SAME]


def same_person(person: Person, seen: Sequence[Person]) -> int | None:
    """The track of whoever was seen in a person's place; None for nobody."""
    pairs = matched([person], seen)
    return seen[pairs[0][1]].track if pairs else None


def _boxes(persons: Sequence[Person]) -> NDArray[np.float32]:
    return np.array([person.box for person in persons], np.float32).reshape(-1, 4)
