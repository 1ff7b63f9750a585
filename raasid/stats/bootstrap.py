"""How sure a figure is: percentile intervals by a bootstrap over matches.

Resamples of matches for metrics that are no ratios of sums: average precision, medians.

Intervals of metrics that are more than sums: bins of equal mass, ranks, areas under curves.
"""

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


Ints = NDArray[np.int64]

MATCH_RESAMPLES = 500


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """How often each unit, a match for preference, was drawn in each resample.

    of: (N,) number of the unit that each row belongs to. weights: (R, U).
    """

    of: Ints
    weights: Floats
    unit: Unit

    @classmethod
    def draw(
        cls, matches: Sequence[str], seed: int, single: Unit = "frame", resamples: int = MATCH_RESAMPLES
    ) -> Resampling:
        """Draw whole matches with replacement; with fewer than two, the rows themselves.

        matches: (N,) the match of each row; single: what a row is.
        Source: cluster bootstrap; Davison and Hinkley 1997, §3.8.
        """
        names, of = np.unique(np.asarray(matches, dtype=str), return_inverse=True)
        unit: Unit = "match"
        count = len(names)
        if count < 2:
            unit, count, of = single, len(matches), np.arange(len(matches))
        shares = np.full(count, 1 / max(count, 1))
        weights = np.zeros((resamples, count))
        if count:
            weights[:] = np.random.default_rng(seed).multinomial(count, shares, resamples)
        return cls(of.astype(np.int64), weights, unit)

    def estimate(self, value: float, spread: Floats) -> Estimate:
        """A metric's value with the interval of its (R,) resampled values."""
        return estimate(float(value), spread, self.weights.shape[1], self.unit)

    def medians(self, values: Floats, row: Ints) -> Floats:
        """(R,) medians of values that belong to rows; NaN in a resample without any."""
        order = np.argsort(values, kind="stable")
        units = self.weights.shape[1]
        # how many values each unit has up to each rank
        upto = np.zeros((units, len(values)))
        upto[self.of[row[order]], np.arange(len(values))] = 1
        counts = self.weights @ upto.cumsum(axis=1)
        result = np.full(len(self.weights), np.nan)
        if len(values):
            half = counts[:, -1:] / 2
            some = counts[:, -1] > 0
            result[some] = values[order][(counts >= half).argmax(axis=1)][some]
        return result


_CELLS = 1_000_000
"""Weights held at once: some 10 MB an array."""


def bootstrap_weighted(
    matches: Sequence[str],
    metrics: Callable[[Floats], Mapping[str, Floats]],
    seed: int = 0,
    resamples: int = RESAMPLES,
    single: Unit = "clip",
) -> dict[str, Estimate]:
    """Intervals by resampling matches, all metrics on the same resamples.

    matches: the match of each of N items. single: what an item is.
    metrics: from weights (R, N), how often each item was drawn, to name -> (R,).
    What is drawn, and what is left out, is as `intervals.bootstrap` has it.
    """
    drawn = Resampling.draw(matches, seed, single, resamples)
    values = metrics(np.ones((1, len(matches))))
    rows = max(1, _CELLS // max(1, len(matches)))
    parts = [metrics(drawn.weights[at : at + rows, drawn.of]) for at in range(0, resamples, rows)]
    return {
        name: drawn.estimate(float(value[0]), np.concatenate([part[name] for part in parts]))
        for name, value in values.items()
    }
