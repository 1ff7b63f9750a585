"""Matches of different sizes: the sizes of both sides are made alike, so that they make no alarm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from raasid.stats.drift import detect
from raasid.stats.unit_distances import rows_kept

SIZES: dict[str, tuple[list[int], list[int]]] = {
    "fewer rows in current matches": ([1] * 10, [6] * 60),
    "fewer rows in the reference's": ([40] * 10, [2] * 60),
    "sizes that vary on both sides": ([1, 1, 2, 8, 1, 2, 2, 1, 9, 1], [*range(1, 21)] * 3),
}


def side(sizes: list[int], name: str, seed: int, shift: float = 0.0) -> tuple[Any, list[str]]:
    """Rows (N, 5) of independent features, and their matches."""
    values = np.random.default_rng([seed, len(sizes)]).normal(size=(sum(sizes), 5))
    values[:, 0] += shift
    return values, [f"{name} {k}" for k, size in enumerate(sizes) for _ in range(size)]


def alarms(case: str, checks: int, shift: float = 0.0) -> int:
    ours, theirs = SIZES[case]
    found = 0
    for seed in range(checks):
        (current, matches), (reference, others) = (
            side(ours, "new", seed, shift), side(theirs, "old", seed),
        )  # fmt: skip
        report = detect(
            current, reference, matches=matches, reference_matches=others, seed=seed, permutations=499
        )
        found += report.verdict == "drift"
    return found


@pytest.mark.parametrize("case", SIZES)
def test_matches_of_other_sizes_alone_are_no_drift(case: str) -> None:
    assert alarms(case, checks=60) <= 7  # 5 % are 3; 8 or more have a chance of 1 %


@pytest.mark.parametrize("case", SIZES)
def test_a_shift_is_found_among_matches_of_other_sizes(case: str) -> None:
    assert alarms(case, checks=5, shift=2.0) == 5


def test_at_every_rank_both_sides_keep_as_many_rows_as_the_smaller_one_has() -> None:
    rows = np.array([5, 1, 9, 2, 2, 4, 4, 8, 8])

    kept = rows_kept(rows, num_current=3)

    assert kept.tolist() == [4, 1, 8, 1, 1, 4, 4, 8, 8]


def test_equal_sizes_lose_nothing() -> None:
    (current, matches), (reference, others) = side([4] * 8, "new", 1), side([4] * 20, "old", 1)
    report = detect(current, reference, matches=matches, reference_matches=others)
    assert (report.rows, report.reference_rows) == (32, 80)
