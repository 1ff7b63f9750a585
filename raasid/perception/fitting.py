"""From cases to rates and scales, few of them or many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from raasid.data.tracks.chains import T4_MEDIAN

_PRIOR = 8.0
"""Cases that the usual rate counts for: less evidence than that changes little."""


def rate(hits: float, cases: float, usual: float, prior: float = _PRIOR) -> float:
    """Share of hits, drawn to the usual one where cases are few; four decimals."""
    return round(float(hits + prior * usual) / float(cases + prior), 4)


def scale(errors: ArrayLike, usual: float) -> float:
    """Scale of errors as Student's t with 4 degrees of freedom has it, by their median size."""
    sizes = np.abs(np.asarray(errors, np.float64)).ravel()
    if len(sizes) < _PRIOR:
        return usual
    return round(float(np.median(sizes)) / T4_MEDIAN, 5)


def spell_length(runs: Iterable[Sequence[bool]], usual: float) -> float:
    """Mean length of what is true in a row; runs: successive frames of one ball or person."""
    spells = lengths = 0
    for run in runs:
        on = np.asarray(run, bool)
        spells += int((on[1:] & ~on[:-1]).sum()) + int(on[:1].sum())
        lengths += int(on.sum())
    return round((lengths + _PRIOR * usual) / (spells + _PRIOR), 2)


def correlation(series: Iterable[np.ndarray], usual: float) -> float:
    """Of each error with the next frame's, outliers clipped; series: (T, …), NaN where there is none."""
    parts = [np.asarray(part, np.float64) for part in series if len(part) > 1]
    if not parts:
        return usual
    sizes = np.abs(np.concatenate([part.ravel() for part in parts]))
    limit = 3 * float(np.nanmedian(sizes)) if np.isfinite(sizes).any() else 0.0
    if limit <= 0:
        return usual
    products = squares = count = 0.0
    for part in parts:
        a, b = np.clip(part[:-1], -limit, limit), np.clip(part[1:], -limit, limit)
        both = ~np.isnan(a + b)
        products += float((a * b)[both].sum())
        squares += float(((a * a + b * b) / 2)[both].sum())
        count += int(both.sum())
    return usual if count < _PRIOR else round(float(np.clip(products / max(squares, 1e-12), 0.0, 0.98)), 3)


def mean_and_spread(values: Sequence[float], usual: tuple[float, float]) -> tuple[float, float]:
    """Mean and standard deviation."""
    if len(values) < _PRIOR:
        return usual
    return round(float(np.mean(values)), 3), round(float(np.std(values)), 3)
