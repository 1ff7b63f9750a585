from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from raasid.stats.columns import Column
from raasid.stats.match_profile import FeatureProfile
from raasid.stats.unit_distances import UnitCounts

SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed": lambda rng, n: rng.exponential(size=n),
    "heavy-tailed": lambda rng, n: rng.standard_t(3, n),
    "two-peaked": lambda rng, n: rng.normal(size=n) * 0.2 + rng.integers(0, 2, n) * 3,
    "whole numbers": lambda rng, n: rng.poisson(3, n).astype(float),
}


def counted(current: np.ndarray, reference: np.ndarray, unit: np.ndarray | None = None) -> UnitCounts:
    kind = "numeric" if current.dtype.kind == "f" else "categorical"
    ours, theirs = (Column("x", kind, side, np.ones(len(side), dtype=bool)) for side in (current, reference))
    profile = FeatureProfile.of(theirs, np.zeros(len(reference), dtype=np.int64), 1)
    unit = np.zeros(len(current), dtype=np.int64) if unit is None else unit
    return UnitCounts.of(ours, unit, int(unit.max()) + 1, profile)


def distance(current: np.ndarray, reference: np.ndarray) -> float:
    return float(counted(current, reference).distances(np.array([[True, False]]))[0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("rows", "most"), [(50, 0.035), (200, 0.025), (2000, 0.01)])
def test_binned_wasserstein_is_close_to_that_of_scipy(shape: str, rows: int, most: float) -> None:
    errors = []
    for shift in (0.0, 0.1, 0.5, 2.0):
        for seed in range(10):
            rng = np.random.default_rng(seed)
            current, reference = SHAPES[shape](rng, rows) + shift, SHAPES[shape](rng, 2000)
            exact = wasserstein_distance(current, reference) / reference.std()
            errors.append(abs(distance(current, reference) - exact))
    assert max(errors) < most
    assert np.mean(errors) < 0.2 * most


@pytest.mark.parametrize("scale", [0.2, 5.0])
def test_a_change_of_spread_is_measured_as_well(scale: float) -> None:
    rng = np.random.default_rng(0)
    current, reference = rng.normal(size=2000) * scale, rng.normal(size=2000)
    exact = wasserstein_distance(current, reference) / reference.std()
    assert distance(current, reference) == pytest.approx(exact, rel=0.02)


def test_values_far_outside_the_reference_keep_their_distance() -> None:
    rng = np.random.default_rng(0)
    reference = rng.normal(size=1000)
    for shift in (10.0, 1000.0):
        assert distance(reference + shift, reference) == pytest.approx(shift / reference.std(), rel=0.02)


@settings(max_examples=40)
@given(st.lists(st.sampled_from("abcd"), min_size=1), st.lists(st.sampled_from("abde"), min_size=1))
def test_categories_are_compared_by_total_variation(current: list[str], reference: list[str]) -> None:
    share = {
        side: {x: values.count(x) / len(values) for x in "abcde"}
        for side, values in enumerate([current, reference])
    }
    expected = sum(abs(share[0][x] - share[1][x]) for x in "abcde") / 2
    assert distance(np.array(current), np.array(reference)) == pytest.approx(expected, abs=1e-7)


def test_a_split_counts_the_rows_of_its_units() -> None:
    rng = np.random.default_rng(0)
    current, reference = rng.normal(size=90), rng.normal(size=500)
    unit = np.repeat([0, 1, 2], 30)
    feature = counted(current, reference, unit)
    splits = np.array([[True, True, True, False], [True, False, True, False]])
    found = feature.distances(splits)
    some = np.concatenate([reference, current[unit == 1]])
    exact = wasserstein_distance(current[unit != 1], some) / reference.std()
    assert found[0] == pytest.approx(wasserstein_distance(current, reference) / reference.std(), abs=0.02)
    assert found[1] == pytest.approx(exact, abs=0.02)


def test_a_side_without_values_has_no_distance() -> None:
    feature = counted(np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    assert np.isnan(feature.distances(np.array([[True, True], [False, False]]))).all()
