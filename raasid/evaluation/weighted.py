"""Intervals of metrics that are more than sums: bins of equal mass, ranks, areas under curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.intervals import RESAMPLES, Estimate, Unit
from raasid.evaluation.resampling import Resampling

Floats = NDArray[np.float64]

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
