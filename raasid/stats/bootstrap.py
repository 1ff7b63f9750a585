"""Bootstrap intervals of metrics: percentile intervals from resampling whole matches with replacement.

Frames or clips of one match resemble each other, so that matches are drawn, not rows (cluster bootstrap;
Davison and Hinkley 1997, §3.8). A resample is a vector of weights: how often each unit was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Unit = Literal["match", "frame", "person", "clip"]
Metrics = Callable[[Floats], Mapping[str, Floats]]

COVERAGE = 0.95
NUM_RESAMPLES = 2000
NUM_RESAMPLES_SLOW = 500
"""For metrics that cost much more than a sum, such as average precision."""
_BLOCK_CELLS = 1_000_000
"""Weights in memory at once: about 10 MB an array."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value and its 95 % interval; the ends are NaN if none was computed."""

    value: float
    low: float
    high: float
    n: int
    """Number of units that were resampled."""
    unit: Unit
    """An interval over anything smaller than matches is too narrow for other matches."""


def bootstrap(
    matches: Sequence[str],
    metrics: Metrics,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    row_unit: Unit = "clip",
) -> dict[str, Estimate]:
    """Estimate metrics of N weighted rows, all on the same resamples.

    matches: the match of each row. row_unit: what a row is.
    metrics: from weights (R, N), how often each row was drawn, to name -> (R,); NaN where undefined.
    """
    draw = Resampling.draw(matches, seed, row_unit, num_resamples)
    values = metrics(np.ones((1, len(matches))))
    block = max(1, _BLOCK_CELLS // max(1, len(matches)))
    blocks = [
        metrics(draw.weights[at : at + block, draw.unit_of_row]) for at in range(0, num_resamples, block)
    ]
    return {
        name: draw.estimate(float(value[0]), np.concatenate([part[name] for part in blocks]))
        for name, value in values.items()
    }


def bootstrap_sums(
    tallies: Floats,
    matches: Sequence[str],
    metrics: Metrics,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    row_unit: Unit = "frame",
) -> dict[str, Estimate]:
    """Estimate metrics that depend only on sums over rows: fast for any number of rows.

    tallies: (N, S) what each row adds to the sums. metrics: from sums (..., S) to name -> (...).
    """
    grouping = _Grouping.of(matches, row_unit)
    units = tallies
    if grouping.unit == "match":
        units = np.zeros((grouping.num_units, tallies.shape[1]))
        np.add.at(units, grouping.unit_of_row, tallies)
    # equal units are interchangeable: draw how often each distinct one occurs
    distinct, counts = np.unique(units, axis=0, return_counts=True)
    draw = Resampling._draw_units(grouping, counts / max(grouping.num_units, 1), seed, num_resamples)
    values, resampled = metrics(tallies.sum(axis=0)), metrics(draw.weights @ distinct)
    return {name: draw.estimate(float(value), resampled[name]) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class _Grouping:
    """The units that are drawn: matches, or the rows themselves if there are fewer than two matches."""

    unit: Unit
    num_units: int
    unit_of_row: Ints

    @classmethod
    def of(cls, matches: Sequence[str], row_unit: Unit) -> _Grouping:
        names, unit_of_row = np.unique(np.asarray(matches, dtype=str), return_inverse=True)
        if len(names) < 2:
            return cls(row_unit, len(matches), np.arange(len(matches)))
        return cls("match", len(names), unit_of_row.astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """R resamples of units, for metrics that use the weights themselves.

    weights: (R, U) how often each unit was drawn. unit_of_row: (N,) the unit that each row belongs to.
    """

    weights: Floats
    unit_of_row: Ints
    num_units: int
    unit: Unit

    @classmethod
    def draw(
        cls,
        matches: Sequence[str],
        seed: int,
        row_unit: Unit = "frame",
        num_resamples: int = NUM_RESAMPLES_SLOW,
    ) -> Resampling:
        """Draw whole matches with replacement; with fewer than two, the rows.

        matches: (N,) the match of each row. row_unit: what a row is.
        """
        grouping = _Grouping.of(matches, row_unit)
        equal = np.full(grouping.num_units, 1 / max(grouping.num_units, 1))
        return cls._draw_units(grouping, equal, seed, num_resamples)

    @classmethod
    def _draw_units(
        cls, grouping: _Grouping, probabilities: Floats, seed: int, num_resamples: int
    ) -> Resampling:
        """Draw kinds of units with the given probabilities."""
        weights = np.zeros((num_resamples, len(probabilities)))
        if grouping.num_units:
            rng = np.random.default_rng(seed)
            weights[:] = rng.multinomial(grouping.num_units, probabilities, num_resamples)
        return cls(weights, grouping.unit_of_row, grouping.num_units, grouping.unit)

    def estimate(self, value: float, resampled: Floats) -> Estimate:
        """A metric's value with the interval of its (R,) resampled values.

        Resamples in which the metric is undefined are left out; the interval always holds the value.
        """
        value, defined = float(value), resampled[~np.isnan(resampled)]
        if not self.num_units or np.isnan(value) or not defined.size:
            return Estimate(value, float("nan"), float("nan"), self.num_units, self.unit)
        tail = (1 - COVERAGE) / 2
        low, high = np.quantile(defined, [tail, 1 - tail])
        return Estimate(value, min(float(low), value), max(float(high), value), self.num_units, self.unit)

    def medians(self, values: Floats, row: Ints) -> Floats:
        """(R,) medians of values that belong to rows; NaN for a resample without any."""
        order = np.argsort(values, kind="stable")
        # how many values of each unit have at most each rank
        up_to_rank = np.zeros((self.num_units, len(values)))
        up_to_rank[self.unit_of_row[row[order]], np.arange(len(values))] = 1
        counts = self.weights @ up_to_rank.cumsum(axis=1)
        result = np.full(len(self.weights), np.nan)
        if len(values):
            half = counts[:, -1:] / 2
            some = counts[:, -1] > 0
            result[some] = values[order][(counts >= half).argmax(axis=1)][some]
        return result


def safe_divide(numerator: Floats, denominator: Floats) -> Floats:
    """Divide element by element; NaN, never 0, where the denominator is not positive."""
    return np.asarray(
        np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1), np.nan)
    )
