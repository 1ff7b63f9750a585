"""A permutation test of two samples: is their difference more than chance, and large enough to matter?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """How far a sample has moved from its reference."""

    effect: float
    """W1 in standard deviations of the reference, minus its mean under permutation; at least 0."""
    p: float
    """Share of the permutations with a distance at least as large, the sample itself included."""


def wasserstein_permutation_test(
    sample: Floats,
    reference: Floats,
    sample_group: Ints,
    reference_group: Ints,
    num_permutations: int,
    seed: int,
) -> PermutationTest:
    """Compare a sample (n,) with a reference (m,) by their Wasserstein distance W1.

    *_group: the group of each value, 0, 1, …; values of one group resemble each other, so that whole groups
    are exchanged between the samples. W1 of small samples is never 0, even of equal populations; its mean
    under permutation is that bias, and is subtracted.
    Sources: Ramdas et al., On Wasserstein two-sample testing, 2017; Good, Permutation tests, 2005, §9.
    """
    values = np.concatenate([sample, reference])
    groups = np.concatenate([sample_group, reference_group + sample_group.max() + 1])
    in_sample = np.arange(groups.max() + 1) <= sample_group.max()
    order = np.argsort(values, kind="stable")
    groups, gaps = groups[order], np.diff(values[order])
    observed = _wasserstein(in_sample[groups], gaps)
    rng = np.random.default_rng(seed)
    null = np.array([_wasserstein(rng.permutation(in_sample)[groups], gaps) for _ in range(num_permutations)])
    # sums in another order differ in their last digits, which must not decide
    p = (1 + int((null >= observed * (1 - 1e-9)).sum())) / (1 + num_permutations)
    spread = float(reference.std()) or float(values.std())
    effect = max(0.0, observed - float(null.mean())) / spread if spread > 0 else 0.0
    return PermutationTest(effect, p)


def _wasserstein(in_sample: NDArray[np.bool_], gaps: Floats) -> float:
    """Area between the distribution functions of the sorted values in and outside the sample."""
    n = int(in_sample.sum())
    m = len(in_sample) - n
    if not n or not m:
        return 0.0
    difference = np.cumsum(np.where(in_sample, 1 / n, -1 / m))[:-1]
    return float(np.abs(difference) @ gaps)
