"""Resamples of matches for metrics that are no ratios of sums: average precision, medians."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.intervals import Estimate, Unit, estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 500


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
        cls, matches: Sequence[str], seed: int, single: Unit = "frame", resamples: int = RESAMPLES
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
