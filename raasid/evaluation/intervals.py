"""How sure a figure is: percentile intervals by a bootstrap over matches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Unit = Literal["match", "frame", "person", "clip"]

COVERAGE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value and its 95 % interval; the ends are NaN where none was computed."""

    value: float
    low: float
    high: float
    n: int
    """How many units were resampled."""
    unit: Unit
    """Frames of one match resemble each other: an interval over frames is too narrow."""


def bootstrap(
    tallies: Floats,
    matches: Sequence[str],
    metrics: Callable[[Floats], Mapping[str, Floats]],
    seed: int = 0,
    resamples: int = RESAMPLES,
    single: Unit = "frame",
) -> dict[str, Estimate]:
    """Intervals of metrics that depend on sums over frames alone.

    tallies: (N, S) what each frame adds to the sums; matches: the match of each frame.
    single: what a row of `tallies` is.
    metrics: from sums (..., S) to name -> (...).
    Whole matches are drawn with replacement (cluster bootstrap; Davison and Hinkley 1997, §3.8).
    With fewer than two matches frames are drawn instead, and `unit` says so. Resamples in which a
    metric is undefined are left out of its interval; the interval always holds the value.
    """
    names, group = np.unique(np.asarray(matches, dtype=str), return_inverse=True)
    unit: Unit = "match" if len(names) >= 2 else single
    rows = tallies
    if unit == "match":
        rows = np.zeros((len(names), tallies.shape[1]))
        np.add.at(rows, group, tallies)
    # Equal rows are interchangeable: draw how often each distinct one occurs, not which.
    distinct, count = np.unique(rows, axis=0, return_counts=True)
    n = len(rows)
    values = metrics(tallies.sum(axis=0))
    if n == 0:
        return {name: Estimate(float(v), float("nan"), float("nan"), 0, unit) for name, v in values.items()}
    drawn = np.random.default_rng(seed).multinomial(n, count / n, size=resamples)
    spread = metrics(drawn @ distinct)
    return {name: estimate(float(v), spread[name], n, unit) for name, v in values.items()}


def estimate(value: float, spread: Floats, n: int, unit: Unit) -> Estimate:
    """A value with the interval that its resamples span; those in which it is undefined are left out."""
    defined = spread[~np.isnan(spread)]
    if np.isnan(value) or not defined.size:
        return Estimate(value, float("nan"), float("nan"), n, unit)
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Estimate(value, min(float(low), value), max(float(high), value), n, unit)
