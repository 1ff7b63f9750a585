"""Rates and scales of errors from few or many samples, shrunk towards defaults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from raasid.tracks.perturbations import T4_MEDIAN

_PRIOR = 8.0
"""Number of samples that the default counts for; fewer real samples change little."""


def shrunk_rate(hits: float, samples: float, default: float, prior: float = _PRIOR) -> float:
    """Return the share of hits, shrunk towards the default if samples are few; four decimals."""
    return round(float(hits + prior * default) / float(samples + prior), 4)


def student_t_error_scale(errors: ArrayLike, default: float) -> float:
    """Return the scale of Student's t with 4 degrees of freedom that has the median size of the errors."""
    sizes = np.abs(np.asarray(errors, np.float64)).ravel()
    if len(sizes) < _PRIOR:
        return default
    return round(float(np.median(sizes)) / T4_MEDIAN, 5)


def mean_run_length(runs: Iterable[Sequence[bool]], default: float) -> float:
    """Return the mean length of runs of true values; runs: successive frames of one ball or person."""
    starts = lengths = 0
    for run in runs:
        on = np.asarray(run, bool)
        starts += int((on[1:] & ~on[:-1]).sum()) + int(on[:1].sum())
        lengths += int(on.sum())
    return round((lengths + _PRIOR * default) / (starts + _PRIOR), 2)


def lag_one_correlation(series: Iterable[np.ndarray], default: float) -> float:
    """Return the correlation of errors with the next frame's, outliers clipped.

    series: (T, …) errors of one ball or person, NaN where unknown.
    """
    parts = [np.asarray(part, np.float64) for part in series if len(part) > 1]
    if not parts:
        return default
    sizes = np.abs(np.concatenate([part.ravel() for part in parts]))
    limit = 3 * float(np.nanmedian(sizes)) if np.isfinite(sizes).any() else 0.0
    if limit <= 0:
        return default
    products = squares = count = 0.0
    for part in parts:
        a, b = np.clip(part[:-1], -limit, limit), np.clip(part[1:], -limit, limit)
        both = ~np.isnan(a + b)
        products += float((a * b)[both].sum())
        squares += float(((a * a + b * b) / 2)[both].sum())
        count += int(both.sum())
    return default if count < _PRIOR else round(float(np.clip(products / max(squares, 1e-12), 0.0, 0.98)), 3)


def mean_and_spread(values: Sequence[float], default: tuple[float, float]) -> tuple[float, float]:
    """Return mean and standard deviation, or the default if samples are few."""
    if len(values) < _PRIOR:
        return default
    return round(float(np.mean(values)), 3), round(float(np.std(values)), 3)
