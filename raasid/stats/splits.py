"""Random splits of units into current and reference: the permutations of a permutation test.

Units (matches, or rows) that are alike can be exchanged between the two sides. The observed split is one of
many; how rare its distance is among theirs is the p-value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

Splits = NDArray[np.bool_]
Ints = NDArray[np.int64]
_LISTED = 20_000
"""So many splits are listed one by one; of more, distinct ones are soon drawn."""
_BLOCK = 256
"""Splits drawn at once."""
_UNITS_OF_SMALLER_SIDE, _UNITS_OF_LARGER_SIDE = 64, 192
"""Of independent rows. More take more time without finding more; fewer of a larger reference would find less,
because those that are exchanged would then be drifted ones for the greater part."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Units among which units are exchanged: how many are current, how many are of the reference."""

    current: int
    reference: int


def num_splits(strata: Sequence[Stratum]) -> int:
    """How many splits can be told apart by a distance that is symmetric in the two sides."""
    total = math.prod(math.comb(s.current + s.reference, s.current) for s in strata)
    return total // 2 if _symmetric(strata) else total


def smallest_p(strata: Sequence[Stratum], permutations: int) -> float:
    """The p-value of a split that is more extreme than all others: the smallest that a test can reach."""
    return 1 / min(permutations + 1, num_splits(strata)) if strata else 1.0


def draw_splits(strata: Sequence[Stratum], permutations: int, seed: int) -> Splits:
    """Draw distinct splits (B + 1, U): True where a unit counts as current; the first is the observed one.

    The U units are those of the first stratum, its current ones first, then those of the second, and so on.
    B is `permutations`, or as many as there are. Splits without the observed one and without repetition give
    p-values of exactly (1 + more extreme ones) / (B + 1) (Phipson and Smyth 2010).
    """
    rng = np.random.default_rng(seed)
    observed = np.concatenate([np.arange(s.current + s.reference) < s.current for s in strata])
    if num_splits(strata) <= max(_LISTED, 4 * permutations):
        others = np.array(list(_all_splits(strata)), dtype=bool)
        others = others[(others != observed).any(axis=1)]
        if len(others) > permutations:
            others = others[np.sort(rng.choice(len(others), permutations, replace=False))]
        return np.concatenate([observed[None], others])
    found = observed[None]
    while len(found) <= permutations:
        missing = permutations + 1 - len(found)
        drawn = [_draw(strata, min(_BLOCK, missing - at), rng) for at in range(0, missing, _BLOCK)]
        if _symmetric(strata):  # a split and its complement have the same distance: keep one of the two
            drawn = [block ^ ~block[:, :1] for block in drawn]
        found = _distinct(np.concatenate([found, *drawn]))
    return found


def deal_rows(rows: int, reference_rows: int, rng: np.random.Generator) -> tuple[Stratum, Ints, Ints]:
    """Deal independent rows at random into units of equal size; return these, and the unit of each row.

    Rows that are left over get the number after the last unit of their side.

    Exchanging such units is a subgroup of all permutations of rows, and a test on it keeps its level exactly
    (Hemerik and Goeman 2018), whichever rows are left over.
    """
    size = max(1, min(rows, reference_rows) // _UNITS_OF_SMALLER_SIDE)
    units = min(rows // size, _UNITS_OF_LARGER_SIDE)
    others = min(reference_rows // size, _UNITS_OF_LARGER_SIDE)
    unit = _unit_of_row(rows, units, size, rng)
    return Stratum(units, others), unit, _unit_of_row(reference_rows, others, size, rng)


def _symmetric(strata: Sequence[Stratum]) -> bool:
    return all(s.current == s.reference for s in strata)


def _all_splits(strata: Sequence[Stratum]) -> Iterator[Splits]:
    each = [list(combinations(range(s.current + s.reference), s.current)) for s in strata]
    starts = np.cumsum([0, *(s.current + s.reference for s in strata)])
    for chosen in product(*each):
        split = np.zeros(int(starts[-1]), dtype=bool)
        for start, units in zip(starts, chosen, strict=False):
            split[start + np.array(units, dtype=int)] = True
        if split[0] or not _symmetric(strata):
            yield split


def _draw(strata: Sequence[Stratum], count: int, rng: np.random.Generator) -> Splits:
    parts = []
    for s in strata:
        order = np.argsort(rng.random((count, s.current + s.reference), dtype=np.float32), axis=1)
        part = np.zeros(order.shape, dtype=bool)
        np.put_along_axis(part, order[:, : s.current], True, axis=1)
        parts.append(part)
    return np.concatenate(parts, axis=1)


def _distinct(splits: Splits) -> Splits:
    """Leave out repetitions, keeping the order."""
    packed = np.ascontiguousarray(np.packbits(splits, axis=1))
    rows = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]
    _, first = np.unique(rows, return_index=True)
    return splits[np.sort(first)]


def _unit_of_row(rows: int, units: int, size: int, rng: np.random.Generator) -> Ints:
    unit = np.full(rows, units, dtype=np.int64)
    unit[rng.permutation(rows)[: units * size]] = np.repeat(np.arange(units), size)
    return unit
