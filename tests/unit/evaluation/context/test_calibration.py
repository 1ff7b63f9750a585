from __future__ import annotations

import numpy as np
import pytest

from raasid.evaluation.context.probabilities import (
    BINS,
    ece_by_chance,
    expected_calibration_error,
    reliability,
)


def ece(probability, happened, weights=None):
    p, y = np.array(probability, float), np.array(happened, float)
    w = np.ones((1, len(p))) if weights is None else np.array([weights], float)
    return float(expected_calibration_error(p, y, w)[0])


def by_hand(probability, happened):
    """Split into 15 groups of equal size, as in the definition."""
    order = np.argsort(probability)
    parts = np.array_split(order, BINS)
    return sum(len(i) * abs(probability[i].mean() - happened[i].mean()) for i in parts) / len(order)


def test_it_is_the_mean_distance_over_fifteen_bins_of_equal_mass():
    rng = np.random.default_rng(1)
    probability = rng.random(BINS * 20)
    happened = (rng.random(len(probability)) < probability**2).astype(float)
    assert ece(probability, happened) == pytest.approx(by_hand(probability, happened), abs=1e-12)


@pytest.mark.parametrize(
    ("probability", "happened", "expected"),
    [
        ([1.0, 1.0, 1.0], [1, 1, 1], 0.0),
        ([1.0, 1.0, 1.0, 1.0], [1, 1, 1, 0], 0.25),
        ([0.5] * 4, [1, 0, 1, 0], 0.0),
        ([0.3] * 10, [1] * 4 + [0] * 6, 0.1),
    ],
)
def test_equal_probabilities_are_one_bin_whatever_their_order(probability, happened, expected):
    assert ece(probability, happened) == pytest.approx(expected)
    assert ece(probability, happened[::-1]) == pytest.approx(expected)


def test_a_clip_drawn_twice_counts_as_two_clips():
    rng = np.random.default_rng(2)
    probability, happened = rng.random(40), (rng.random(40) < 0.5).astype(float)
    weights = rng.integers(0, 4, 40)
    repeated = ece(np.repeat(probability, weights), np.repeat(happened, weights))
    assert ece(probability, happened, weights) == pytest.approx(repeated)


def test_weights_of_zero_give_no_calibration_error():
    assert np.isnan(ece([0.2, 0.4], [0, 1], [0, 0]))
    assert np.isnan(ece([], []))


def test_few_clips_have_a_large_error_by_chance_and_many_have_not():
    rng = np.random.default_rng(3)
    few, many = (ece_by_chance(rng.random(n)) for n in (80, 8000))
    assert 0.08 < few < 0.2
    assert many < 0.02
    assert ece_by_chance(np.array([0.0, 1.0] * 40)) == 0.0


def test_the_reliability_bins_are_those_of_the_calibration_error():
    rng = np.random.default_rng(4)
    probability = rng.random(100).round(2)
    happened = (rng.random(100) < 0.4).astype(float)
    bins = reliability(probability, happened)
    assert sum(part.n for part in bins) == 100
    assert [part.probability for part in bins] == sorted(part.probability for part in bins)
    error = sum(part.n * abs(part.probability - part.frequency) for part in bins) / 100
    assert error == pytest.approx(ece(probability, happened))
    assert reliability(np.zeros(0), np.zeros(0)) == []
