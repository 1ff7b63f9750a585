from __future__ import annotations

import math

import numpy as np
import pytest

from raasid.stats.bootstrap import Resampling


def test_whole_matches_are_drawn_as_often_as_there_are_matches():
    draw = Resampling.draw(["b", "a", "b", "c"], seed=1, resamples=50)
    assert (draw.unit, draw.of.tolist()) == ("match", [1, 0, 1, 2])
    assert draw.weights.sum(axis=1).tolist() == [3.0] * 50
    assert len(np.unique(draw.weights, axis=0)) > 5


def test_frames_of_a_single_match_are_drawn_one_by_one():
    draw = Resampling.draw(["a"] * 4, seed=1, single="person", resamples=10)
    assert (draw.unit, draw.of.tolist(), draw.weights.shape) == ("person", [0, 1, 2, 3], (10, 4))


def test_the_median_of_a_resample_is_that_of_its_repeated_rows():
    rng = np.random.default_rng(0)
    values, rows = rng.normal(size=41), rng.integers(0, 6, 41)
    draw = Resampling.draw(["a", "a", "b", "c", "c", "d"], seed=3, resamples=200)
    expected = []
    for weights in draw.weights.astype(int):
        drawn = np.sort(np.repeat(values, weights[draw.of[rows]]))
        expected.append(drawn[(len(drawn) - 1) // 2])
    assert draw.medians(values, rows) == pytest.approx(expected)


def test_an_interval_holds_the_value_and_knows_what_was_drawn():
    draw = Resampling.draw(["a", "b", "c"], seed=1)
    estimate = draw.estimate(0.9, np.linspace(0.1, 0.5, len(draw.weights)))
    assert estimate.low == pytest.approx(0.11)
    assert (estimate.high, estimate.n, estimate.unit) == (0.9, 3, "match")


def test_without_rows_nothing_is_estimated():
    draw = Resampling.draw([], seed=1)
    assert np.isnan(draw.medians(np.zeros(0), np.zeros(0, int))).all()
    assert math.isnan(draw.estimate(math.nan, draw.weights.sum(axis=1)).low)
