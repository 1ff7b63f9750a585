from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.stats.bootstrap import Resampling, bootstrap, bootstrap_sums


def share(sums):
    return {"share": sums[..., 0] / np.where(sums[..., 1] > 0, sums[..., 1], np.nan)}


def estimate_share(hits, matches, seed=0):
    rows = np.column_stack([np.asarray(hits, float), np.ones(len(hits))])
    return bootstrap_sums(rows, matches, share, seed)["share"]


@settings(max_examples=30)
@given(frames=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=60))
def test_the_interval_holds_the_value(frames):
    result = estimate_share([hit for hit, _ in frames], [str(match) for _, match in frames])
    assert result.low <= result.value <= result.high
    assert result.value == pytest.approx(np.mean([hit for hit, _ in frames]))


def test_frames_of_a_match_are_drawn_together():
    hits = [1] * 100 + [0] * 100
    by_match = estimate_share(hits, ["a"] * 100 + ["b"] * 100)
    assert (by_match.low, by_match.high, by_match.n, by_match.unit) == (0, 1, 2, "match")


def test_a_single_match_falls_back_to_frames_and_states_it():
    result = estimate_share([1] * 80 + [0] * 20, ["a"] * 100)
    assert (result.n, result.unit) == (100, "frame")
    # The binomial standard error is 0.04.
    assert result.low == pytest.approx(0.8 - 1.96 * 0.04, abs=0.02)
    assert result.high == pytest.approx(0.8 + 1.96 * 0.04, abs=0.02)


def test_the_same_seed_gives_the_same_interval_in_any_order():
    hits, matches = [1, 0, 1, 1, 0, 1], ["a", "a", "b", "b", "c", "c"]
    assert estimate_share(hits, matches, seed=3) == estimate_share(hits[::-1], matches[::-1], seed=3)


def test_an_undefined_metric_has_no_interval():
    rows = np.zeros((4, 2))
    result = bootstrap_sums(rows, ["a", "b", "c", "d"], share)["share"]
    assert all(math.isnan(x) for x in (result.value, result.low, result.high))
    empty = bootstrap_sums(np.zeros((0, 2)), [], share)["share"]
    assert (math.isnan(empty.value), empty.n) == (True, 0)


def test_many_matches_give_the_spread_between_matches():
    rng = np.random.default_rng(1)
    rates = rng.uniform(0.5, 1.0, 40)
    hits = np.concatenate([np.arange(50) < rate * 50 for rate in rates])
    result = estimate_share(hits, np.repeat([f"m{i}" for i in range(40)], 50).tolist())
    expected = 1.96 * rates.std(ddof=1) / math.sqrt(40)
    assert (result.high - result.low) / 2 == pytest.approx(expected, rel=0.15)


def test_weights_and_sums_give_the_same_value_and_nearly_the_same_interval():
    hits, matches = np.array([1.0, 0, 1, 1, 0, 1, 1, 1]), list("aabbccdd")

    def weighted(weights):
        return {"share": weights @ hits / weights.sum(axis=1)}

    from_weights = bootstrap(matches, weighted, seed=1)["share"]
    from_sums = estimate_share(hits, matches, seed=1)
    assert (from_weights.value, from_weights.n, from_weights.unit) == (from_sums.value, 4, "match")
    assert from_weights.low == pytest.approx(from_sums.low, abs=0.03)
    assert from_weights.high == pytest.approx(from_sums.high, abs=0.03)


def test_whole_matches_are_drawn_as_often_as_there_are_matches():
    draw = Resampling.draw(["b", "a", "b", "c"], seed=1, num_resamples=50)
    assert (draw.unit, draw.unit_of_row.tolist()) == ("match", [1, 0, 1, 2])
    assert draw.weights.sum(axis=1).tolist() == [3.0] * 50
    assert len(np.unique(draw.weights, axis=0)) > 5


def test_rows_of_a_single_match_are_drawn_one_by_one():
    draw = Resampling.draw(["a"] * 4, seed=1, row_unit="person", num_resamples=10)
    assert (draw.unit, draw.unit_of_row.tolist(), draw.weights.shape) == ("person", [0, 1, 2, 3], (10, 4))


def test_the_median_of_a_resample_is_that_of_its_repeated_rows():
    rng = np.random.default_rng(0)
    values, rows = rng.normal(size=41), rng.integers(0, 6, 41)
    draw = Resampling.draw(["a", "a", "b", "c", "c", "d"], seed=3, num_resamples=200)
    expected = []
    for weights in draw.weights.astype(int):
        drawn = np.sort(np.repeat(values, weights[draw.unit_of_row[rows]]))
        expected.append(drawn[(len(drawn) - 1) // 2])
    assert draw.medians(values, rows) == pytest.approx(expected)


def test_an_interval_holds_the_value_and_states_the_unit():
    draw = Resampling.draw(["a", "b", "c"], seed=1)
    estimate = draw.estimate(0.9, np.linspace(0.1, 0.5, len(draw.weights)))
    assert estimate.low == pytest.approx(0.11)
    assert (estimate.high, estimate.n, estimate.unit) == (0.9, 3, "match")


def test_without_rows_there_is_no_estimate():
    draw = Resampling.draw([], seed=1)
    assert np.isnan(draw.medians(np.zeros(0), np.zeros(0, int))).all()
    assert math.isnan(draw.estimate(math.nan, draw.weights.sum(axis=1)).low)
