"""Is the difference of two samples more than chance, and is it large enough to matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a sample has moved from the reference."""

    effect: float
    """W1 over the reference's standard deviation, less what chance alone gives; not below 0."""
    p: float
    """Share of the permutations with a distance at least as large, the sample itself counted."""


def shift(
    here: Floats, there: Floats, here_unit: Ints, there_unit: Ints, permutations: int, seed: int
) -> Shift:
    """Compare a sample with its reference.

    here, there: (n,), (m,) values. *_unit: the clip of each value, 0, 1, …: frames of a clip resemble each
    other, so whole clips are exchanged between the samples. W1 of small samples is never 0, even of
    equal populations; its mean under permutation is that bias and is taken off.
    Sources: Ramdas et al., On Wasserstein two-sample testing, 2017; Good, Permutation tests, 2005, §9.
    """
    values = np.concatenate([here, there])
    units = np.concatenate([here_unit, there_unit + here_unit.max() + 1])
    inside = np.arange(units.max() + 1) <= here_unit.max()
    order = np.argsort(values, kind="stable")
    units, gaps = units[order], np.diff(values[order])
    seen = _w1(inside[units], gaps)
    rng = np.random.default_rng(seed)
    null = np.array([_w1(rng.permutation(inside)[units], gaps) for _ in range(permutations)])
    # the last digits of sums in another order must not decide
    p = (1 + int((null >= seen * (1 - 1e-9)).sum())) / (1 + permutations)
    spread = float(there.std()) or float(values.std())
    effect = max(0.0, seen - float(null.mean())) / spread if spread > 0 else 0.0
    return Shift(effect, p)


def _w1(inside: NDArray[np.bool_], gaps: Floats) -> float:
    """Area between the two distribution functions; `inside`: which of the sorted values are the sample's."""
    n = int(inside.sum())
    m = len(inside) - n
    if not n or not m:
        return 0.0
    apart = np.cumsum(np.where(inside, 1 / n, -1 / m))[:-1]
    return float(np.abs(apart) @ gaps)


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p-values (n,): rejecting those below alpha keeps the false discovery rate at alpha.

    Source: Benjamini and Hochberg, Controlling the false discovery rate, 1995.
    """
    n = len(p)
    order = np.argsort(p)
    raised = p[order] * n / np.arange(1, n + 1)
    out = np.empty(n)
    out[order] = np.minimum.accumulate(raised[::-1])[::-1].clip(max=1.0)
    return out
