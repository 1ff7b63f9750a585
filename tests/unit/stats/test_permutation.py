from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, wasserstein_distance

from raasid.stats.permutation import benjamini_hochberg, shift

Ps = st.lists(st.floats(0.0001, 1.0), min_size=1, max_size=30)


@given(Ps)
def test_adjusted_p_values_are_those_of_scipy(p: list[float]) -> None:
    assert benjamini_hochberg(np.array(p)) == pytest.approx(false_discovery_control(p))


def test_no_p_values_give_none() -> None:
    assert len(benjamini_hochberg(np.zeros(0))) == 0


def test_a_real_shift_is_seen_with_its_size() -> None:
    rng = np.random.default_rng(0)
    here, there = rng.normal(0.5, 1, 400), rng.normal(0, 1, 400)
    found = shift(here, there, np.arange(400), np.arange(400), 300, 0)
    assert found.p < 0.01
    whole = wasserstein_distance(here, there) / there.std()
    assert 0.75 * whole < found.effect < whole


def test_the_bias_of_small_samples_is_taken_off() -> None:
    rng = np.random.default_rng(1)
    effects, bare = [], []
    for k in range(60):
        here, there = rng.normal(size=50), rng.normal(size=50)
        effects.append(shift(here, there, np.arange(50), np.arange(50), 99, k).effect)
        bare.append(wasserstein_distance(here, there) / there.std())
    assert np.mean(bare) > 0.15
    assert np.mean(effects) < 0.05


def test_equal_populations_are_called_different_at_the_rate_that_alpha_says() -> None:
    rng = np.random.default_rng(2)
    alarms = [
        shift(rng.normal(size=60), rng.normal(size=60), np.arange(60), np.arange(60), 99, k).p <= 0.05
        for k in range(200)
    ]
    assert np.mean(alarms) < 0.10


def test_frames_of_a_clip_count_together() -> None:
    """Eight clips of 50 like frames are eight values, not 400."""
    rng = np.random.default_rng(3)
    alarms = []
    for k in range(60):
        units = np.repeat(np.arange(8), 50)
        here, there = (rng.normal(size=8)[units] + rng.normal(0, 0.1, 400) for _ in range(2))
        alarms.append(shift(here, there, units, units, 99, k).p <= 0.05)
    assert np.mean(alarms) < 0.15
