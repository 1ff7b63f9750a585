"""Difference of a metric between two models on the same samples, with tests that resample whole matches.

Both models are measured on the same resamples, so that matches which are hard for both cancel out. The
standard error is that of the bootstrap by match, the tests are t tests: percentiles of the bootstrap are too
narrow for few matches. Degrees of freedom are counted by the effective number of matches, which is smaller
than their number if some hold much more samples than others.
Sources: Davison and Hinkley, Bootstrap Methods, 1997, §2.4 and §3.8; Hesterberg, What Teachers Should Know
About the Bootstrap, 2015 (the bias for few units); Kish, Survey Sampling, 1965 (effective number); Holm, A
Simple Sequentially Rejective Multiple Test Procedure, 1979.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from raasid.stats.bootstrap import NUM_RESAMPLES, Floats, Ints, Resampling, safe_divide

_BLOCK_CELLS = 1_000_000
_SMALLEST_ERROR = 1e-12
"""Of a difference that is the same in every match: rounding in the last digits must not decide."""


class MeasuredSamples(Protocol):
    """What one model did on N samples, for one metric."""

    def measure(self, rows: Ints, draw: Resampling) -> tuple[float, Floats]:
        """Return the metric over some of the samples, and over each of R resamples of them.

        rows: (n,) indices of samples. draw: resamples of these n rows. Returns a value and (R,); NaN where
        the metric is undefined.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RatioOfSums:
    """A metric that divides sums over samples: hits by visible balls, correct clips by clips.

    numerator, denominator: (N,)
    """

    numerator: Floats
    denominator: Floats

    def measure(self, rows: Ints, draw: Resampling) -> tuple[float, Floats]:
        """See `MeasuredSamples`."""
        over, under = (
            np.bincount(draw.unit_of_row, column[rows], draw.num_units)
            for column in (self.numerator, self.denominator)
        )
        value = safe_divide(over.sum(keepdims=True), under.sum(keepdims=True))
        return float(value[0]), safe_divide(draw.weights @ over, draw.weights @ under)


@dataclass(frozen=True, slots=True, eq=False)
class WeightedMetric:
    """A metric that is a function of the samples' weights, such as a calibration error."""

    of_rows: Callable[[Ints], Callable[[Floats], Floats]]
    """From indices (n,) of samples to a function from weights (R, n) to values (R,)."""

    def measure(self, rows: Ints, draw: Resampling) -> tuple[float, Floats]:
        """See `MeasuredSamples`."""
        metric = self.of_rows(rows)
        block = max(1, _BLOCK_CELLS // max(1, len(rows)))
        parts = [
            metric(draw.weights[at : at + block, draw.unit_of_row])
            for at in range(0, len(draw.weights), block)
        ]
        return float(metric(np.ones((1, len(rows))))[0]), np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """A metric of the second model minus that of the first; NaN where one of them is undefined."""

    first: float
    second: float
    standard_error: float
    matches: int
    effective_matches: float
    """As many matches of equal size would say as much."""

    @property
    def value(self) -> float:
        """The difference."""
        return self.second - self.first

    @property
    def is_defined(self) -> bool:
        """Whether the difference and its standard error are known."""
        return math.isfinite(self.value) and math.isfinite(self.standard_error)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the one-sided lower and upper limits at level 1 - alpha each; NaN where undefined."""
        if not self.is_defined:
            return math.nan, math.nan
        width = float(stdtrit(self.effective_matches - 1, 1 - alpha)) * self.standard_error
        return self.value - width, self.value + width

    def p_at_least(self, bound: float) -> float:
        """Return the p-value of the hypothesis that the true difference is at least `bound`.

        A small value shows that it is less. 1 where the difference is undefined.
        """
        return self._p(self.value - bound)

    def p_at_most(self, bound: float) -> float:
        """Return the p-value of the hypothesis that the true difference is at most `bound`."""
        return self._p(bound - self.value)

    def _p(self, excess: float) -> float:
        if not self.is_defined:
            return 1.0
        if self.standard_error < _SMALLEST_ERROR:
            return 0.0 if excess < -_SMALLEST_ERROR else 1.0
        return float(stdtr(self.effective_matches - 1, excess / self.standard_error))


def paired_difference(
    first: MeasuredSamples,
    second: MeasuredSamples,
    matches: Sequence[str],
    rows: Ints,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
    counts: NDArray[np.bool_] | None = None,
) -> PairedDifference:
    """Measure two models on the same samples, and the standard error of the difference.

    matches: (N,) the match of each sample. rows: (n,) indices of the samples to measure. counts: (N,) samples
    by which the size of a match is counted; None: all. With fewer than two matches the standard error is
    undefined: the samples of one match say nothing about others.
    """
    its_matches = [matches[row] for row in rows]
    draw = Resampling.draw(its_matches, seed, num_resamples=num_resamples)
    (a, resampled_a), (b, resampled_b) = (model.measure(rows, draw) for model in (first, second))
    sizes = Counter(
        match for match, row in zip(its_matches, rows, strict=True) if counts is None or counts[row]
    )
    n, effective = len(sizes), _effective_number(list(sizes.values()))
    differences = resampled_b - resampled_a
    differences = differences[np.isfinite(differences)]
    if n < 2 or differences.size < 2:
        return PairedDifference(a, b, math.nan, n, effective)
    # the bootstrap's variance of a mean is (n - 1) / n of the usual estimate
    error = float(differences.std(ddof=1)) * math.sqrt(effective / (effective - 1))
    return PairedDifference(a, b, error, n, effective)


def _effective_number(sizes: Sequence[int]) -> float:
    return sum(sizes) ** 2 / sum(size**2 for size in sizes) if sizes else 0.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values such that at most a share alpha of families has any false rejection at p ≤ alpha."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda k: p_values[k])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = largest
    return adjusted
