from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.stats.splits import Stratum, deal_rows, draw_splits, num_splits, smallest_p

STRATA = st.lists(st.builds(Stratum, st.integers(1, 6), st.integers(1, 9)), min_size=1, max_size=3)


@settings(max_examples=60)
@given(strata=STRATA, permutations=st.integers(1, 300), seed=st.integers(0, 9))
def test_splits_are_distinct_keep_the_sizes_of_strata_and_begin_with_the_observed_one(
    strata: list[Stratum], permutations: int, seed: int
) -> None:
    splits = draw_splits(strata, permutations, seed)
    assert len(splits) == min(permutations + 1, num_splits(strata))
    assert len(np.unique(splits, axis=0)) == len(splits)
    start = 0
    for stratum in strata:
        part = splits[:, start : start + stratum.current + stratum.reference]
        assert (part.sum(axis=1) == stratum.current).all()
        assert part[0, : stratum.current].all()
        start += part.shape[1]
    assert smallest_p(strata, permutations) == pytest.approx(1 / len(splits))


def test_one_new_match_against_60_reaches_one_in_61() -> None:
    assert smallest_p([Stratum(1, 60)], 1999) == pytest.approx(1 / 61)
    assert smallest_p([Stratum(2, 60)], 9999) == pytest.approx(1 / comb(62, 2))


def test_sides_of_equal_size_have_half_as_many_splits() -> None:
    """A split and its complement have the same distance."""
    splits = draw_splits([Stratum(3, 3)], 999, seed=0)
    assert len(splits) == comb(6, 3) // 2
    assert splits[:, 0].all()


def test_the_seed_decides_which_splits_are_drawn() -> None:
    strata = [Stratum(10, 60)]
    first, again, other = (draw_splits(strata, 99, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_unit_is_current_equally_often() -> None:
    share = draw_splits([Stratum(10, 30)], 4000, seed=0).mean(axis=0)
    assert share == pytest.approx(np.full(40, 0.25), abs=0.03)


@given(rows=st.integers(1, 3000), reference_rows=st.integers(1, 3000))
def test_rows_are_dealt_into_units_of_equal_size(rows: int, reference_rows: int) -> None:
    stratum, unit, other = deal_rows(rows, reference_rows, np.random.default_rng(0))
    assert (len(unit), len(other)) == (rows, reference_rows)
    sizes = np.bincount(unit, minlength=stratum.current + 1)[: stratum.current]
    others = np.bincount(other, minlength=stratum.reference + 1)[: stratum.reference]
    assert len(np.unique([*sizes, *others])) == 1
    assert max(stratum.current, stratum.reference) <= 192
    assert min(stratum.current, stratum.reference) >= min(rows, reference_rows, 64)


def test_few_rows_are_exchanged_one_by_one() -> None:
    stratum, unit, _ = deal_rows(50, 100, np.random.default_rng(0))
    assert (stratum, sorted(unit)) == (Stratum(50, 100), list(range(50)))
