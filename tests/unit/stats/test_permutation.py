from __future__ import annotations

import numpy as np
from scipy.stats import wasserstein_distance

from raasid.stats.permutation import wasserstein_permutation_test


def test_a_real_shift_is_found_with_its_size() -> None:
    rng = np.random.default_rng(0)
    sample, reference = rng.normal(0.5, 1, 400), rng.normal(0, 1, 400)
    found = wasserstein_permutation_test(sample, reference, np.arange(400), np.arange(400), 300, 0)
    assert found.p < 0.01
    distance = wasserstein_distance(sample, reference) / reference.std()
    assert 0.75 * distance < found.effect < distance


def test_the_bias_of_small_samples_is_subtracted() -> None:
    rng = np.random.default_rng(1)
    effects, distances = [], []
    for k in range(60):
        sample, reference = rng.normal(size=50), rng.normal(size=50)
        effects.append(
            wasserstein_permutation_test(sample, reference, np.arange(50), np.arange(50), 99, k).effect
        )
        distances.append(wasserstein_distance(sample, reference) / reference.std())
    assert np.mean(distances) > 0.15
    assert np.mean(effects) < 0.05


def test_equal_populations_raise_false_alarms_at_the_rate_alpha() -> None:
    rng = np.random.default_rng(2)
    alarms = [
        wasserstein_permutation_test(
            rng.normal(size=60), rng.normal(size=60), np.arange(60), np.arange(60), 99, k
        ).p
        <= 0.05
        for k in range(200)
    ]
    assert np.mean(alarms) < 0.10


def test_values_of_a_group_are_exchanged_together() -> None:
    """Eight groups of 50 similar values are eight values, not 400."""
    rng = np.random.default_rng(3)
    alarms = []
    for k in range(60):
        groups = np.repeat(np.arange(8), 50)
        sample, reference = (rng.normal(size=8)[groups] + rng.normal(0, 0.1, 400) for _ in range(2))
        alarms.append(wasserstein_permutation_test(sample, reference, groups, groups, 99, k).p <= 0.05)
    assert np.mean(alarms) < 0.15
