from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.stats.paired_difference import (
    PairedDifference,
    RatioOfSums,
    WeightedMetric,
    holm,
    paired_difference,
)


def means(*values):
    return tuple(RatioOfSums(np.array(each, float), np.ones(len(each))) for each in values)


def test_of_one_sample_a_match_the_standard_error_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(0)
    one, other = rng.normal(0, 1, (2, 12))
    found = paired_difference(
        *means(one, other), [str(k) for k in range(12)], np.arange(12), num_resamples=20000
    )
    difference = other - one
    assert found.value == pytest.approx(difference.mean())
    assert found.standard_error == pytest.approx(difference.std(ddof=1) / math.sqrt(12), rel=0.02)
    assert found.matches == 12


def test_matches_that_are_hard_for_both_models_cancel_out():
    hard = np.repeat([0.0, 1.0], 50)
    found = paired_difference(*means(hard, hard), [f"m{k // 10}" for k in range(100)], np.arange(100))
    assert (found.value, found.standard_error) == (0, 0)
    assert found.p_at_least(-0.01) == 1.0
    assert found.p_at_most(-0.01) == 0.0
    assert found.p_at_least(0) == found.p_at_most(0) == 1.0


def test_samples_of_one_match_say_nothing_about_others():
    found = paired_difference(*means([0] * 9, [1] * 9), ["m"] * 9, np.arange(9))
    assert (found.value, found.matches, found.is_defined) == (1.0, 1, False)
    assert found.p_at_least(0) == found.p_at_most(0) == 1.0
    assert all(math.isnan(end) for end in found.interval(0.05))


def test_only_the_given_samples_are_measured():
    one, other = means([1, 1, 0, 0, 1, 1], [1, 0, 1, 0, 0, 1])
    found = paired_difference(one, other, ["a", "a", "b", "b", "c", "c"], np.array([1, 3, 4]))
    assert (found.first, found.second, found.matches) == (pytest.approx(2 / 3), 0.0, 3)


def test_a_metric_of_weights_is_measured_as_a_ratio_of_sums_is():
    rng = np.random.default_rng(1)
    values, matches, rows = rng.random((2, 3000)), [f"m{k % 7}" for k in range(3000)], np.arange(0, 3000, 2)

    def mean_of(column):
        return WeightedMetric(lambda rows: lambda w: w @ column[rows] / w.sum(axis=1))

    by_weights = paired_difference(mean_of(values[0]), mean_of(values[1]), matches, rows)
    by_sums = paired_difference(*means(*values), matches, rows)
    assert by_weights.value == pytest.approx(by_sums.value)
    assert by_weights.standard_error == pytest.approx(by_sums.standard_error)


def test_a_match_that_holds_most_samples_counts_as_few():
    rng = np.random.default_rng(2)
    sizes = {"large": 400, **{f"small {k}": 4 for k in range(9)}}
    matches = [match for match, size in sizes.items() for _ in range(size)]
    found = paired_difference(*means(*rng.random((2, len(matches)))), matches, np.arange(len(matches)))
    assert found.matches == 10
    assert found.effective_matches == pytest.approx(436**2 / (400**2 + 9 * 16))
    assert found.p_at_least(0.2) > 0.05


def test_an_undefined_metric_shows_nothing():
    nothing = RatioOfSums(np.zeros(6), np.zeros(6))
    found = paired_difference(nothing, nothing, list("aabbcc"), np.arange(6))
    assert not found.is_defined
    assert found.p_at_least(0) == 1.0


def test_the_interval_and_the_test_say_the_same():
    found = PairedDifference(0.5, 0.42, 0.03, 8, 7.2)
    low, high = found.interval(0.05)
    assert found.p_at_most(low) == pytest.approx(0.05)
    assert found.p_at_least(high) == pytest.approx(0.05)
    assert found.interval(0.01)[0] < low


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_adjusts_upwards_and_keeps_the_order(p):
    adjusted = holm(p)
    assert all(p_one <= a <= 1 for p_one, a in zip(p, adjusted, strict=True))
    assert sorted(adjusted) == [a for _, a in sorted(zip(p, adjusted, strict=True))]


def test_holm_gives_the_published_example():
    # Holm 1979: steps of k, k - 1, …
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
