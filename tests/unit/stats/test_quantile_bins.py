from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from raasid.stats.match_profile import QuantileBins, bin_codes

VALUES = arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e9, 1e9))


@given(VALUES)
def test_bins_hold_all_values_and_their_means(values: np.ndarray) -> None:
    bins = QuantileBins.of(values)
    codes = bins.codes(values)
    assert codes.min() == 0
    assert codes.max() == len(bins.edges) - 1
    for k in range(len(bins.edges)):
        inside = values[codes == k]
        assert (bins.lows[k], bins.edges[k]) == (inside.min(), inside.max())
        assert bins.means[k] == pytest.approx(inside.mean(), abs=1e-6)


@given(VALUES, st.integers(0, 9))
def test_the_order_of_values_changes_nothing(values: np.ndarray, seed: int) -> None:
    one, other = (QuantileBins.of(v) for v in (values, np.random.default_rng(seed).permutation(values)))
    for name in ("edges", "lows", "means", "std"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_64_bins_hold_as_many_values_each_and_the_outer_ones_are_divided() -> None:
    values = np.random.default_rng(0).uniform(size=51_200)
    counts = np.bincount(QuantileBins.of(values).codes(values)).tolist()
    assert counts == [100, 100, 200, 400, *[800] * 62, 400, 200, 100, 100]


def test_no_bin_reaches_across_a_gap() -> None:
    values = np.concatenate([np.linspace(0, 1, 1001), np.linspace(9, 10, 997)])
    bins = QuantileBins.of(values)
    assert 1.0 in bins.edges
    edges, inside = bins.wide_edges()
    probes = np.array([1.0, 1.1, 8.9, 9.0])
    codes = bin_codes(edges, probes)
    assert np.isin(codes, inside).tolist() == [True, False, False, True]


@given(VALUES)
def test_bins_outside_the_range_come_before_and_after_those_inside(values: np.ndarray) -> None:
    bins = QuantileBins.of(values)
    edges, inside = bins.wide_edges()
    assert (np.diff(edges) >= 0).all()
    assert np.array_equal(bin_codes(edges, values), inside[bins.codes(values)])
    assert bin_codes(edges, np.array([values.min() - 1e12]))[0] < inside[0]
    assert bin_codes(edges, np.array([values.max() + 1e12]))[0] > inside[-1]


@pytest.mark.parametrize("name", ["normal", "cauchy", "whole", "equal"])
def test_the_grid_finds_the_same_bins_as_a_binary_search(name: str) -> None:
    rng = np.random.default_rng(1)
    values = {
        "normal": rng.normal(size=9000),
        "cauchy": rng.standard_cauchy(9000),
        "whole": rng.integers(0, 9, 9000).astype(float),
        "equal": np.full(9000, 3.5),
    }[name]
    edges, _ = QuantileBins.of(values).wide_edges()
    probes = np.concatenate([values, edges, np.nextafter(edges, np.inf), values * 3, np.full(3000, 1e300)])
    assert np.array_equal(bin_codes(edges, probes), np.searchsorted(edges, probes))


def test_without_values_there_are_no_bins() -> None:
    bins = QuantileBins.of(np.zeros(0))
    assert (len(bins.edges), bins.std, len(bins.wide_edges()[0])) == (0, 0.0, 0)
