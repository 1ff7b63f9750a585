from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.stats.bootstrap import bootstrap


def share(sums):
    return {"share": sums[..., 0] / np.where(sums[..., 1] > 0, sums[..., 1], np.nan)}


def estimate(hits, matches, seed=0):
    rows = np.column_stack([np.asarray(hits, float), np.ones(len(hits))])
    return bootstrap(rows, matches, share, seed)["share"]


@settings(max_examples=30)
@given(frames=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=60))
def test_the_interval_holds_the_value(frames):
    result = estimate([hit for hit, _ in frames], [str(match) for _, match in frames])
    assert result.low <= result.value <= result.high
    assert result.value == pytest.approx(np.mean([hit for hit, _ in frames]))


def test_frames_of_a_match_are_drawn_together():
    hits = [1] * 100 + [0] * 100
    by_match = estimate(hits, ["a"] * 100 + ["b"] * 100)
    assert (by_match.low, by_match.high, by_match.n, by_match.unit) == (0, 1, 2, "match")


def test_a_single_match_falls_back_to_frames_and_says_so():
    result = estimate([1] * 80 + [0] * 20, ["a"] * 100)
    assert (result.n, result.unit) == (100, "frame")
    # The binomial standard error is 0.04.
    assert result.low == pytest.approx(0.8 - 1.96 * 0.04, abs=0.02)
    assert result.high == pytest.approx(0.8 + 1.96 * 0.04, abs=0.02)


def test_the_same_seed_gives_the_same_interval_in_any_order():
    hits, matches = [1, 0, 1, 1, 0, 1], ["a", "a", "b", "b", "c", "c"]
    assert estimate(hits, matches, seed=3) == estimate(hits[::-1], matches[::-1], seed=3)


def test_what_is_undefined_has_no_interval():
    rows = np.zeros((4, 2))
    result = bootstrap(rows, ["a", "b", "c", "d"], share)["share"]
    assert all(math.isnan(x) for x in (result.value, result.low, result.high))
    nothing = bootstrap(np.zeros((0, 2)), [], share)["share"]
    assert (math.isnan(nothing.value), nothing.n) == (True, 0)


def test_more_matches_than_one_give_the_spread_between_matches():
    rng = np.random.default_rng(1)
    rates = rng.uniform(0.5, 1.0, 40)
    hits = np.concatenate([np.arange(50) < rate * 50 for rate in rates])
    result = estimate(hits, np.repeat([f"m{i}" for i in range(40)], 50).tolist())
    expected = 1.96 * rates.std(ddof=1) / math.sqrt(40)
    assert (result.high - result.low) / 2 == pytest.approx(expected, rel=0.15)
