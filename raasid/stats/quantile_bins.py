"""Bins at the quantiles of a reference: what remains of a feature's values once they are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NUM_BINS = 64
_TAILS = (1 / 512, 1 / 256, 1 / 128)
"""Further quantiles at either end, where bins of equal counts are wide."""
_GAP = 0.05
"""Standard deviations without any value of the reference that make a bin of their own."""
_WIDE_GAP = 0.25
_MOST_WIDE_GAPS = 16
"""Gaps so wide, in standard deviations, also end a bin: between two peaks, or before an outlier."""
_OUTSIDE = 0.25 * 2.0 ** np.arange(9)
"""Further edges outside the reference's range: 0.25, 0.5, … 64 of its standard deviations away."""
_GRID = 16_384
_MOST_EDGES_PER_CELL = 4
_SMALL = 2000


@dataclass(frozen=True, slots=True, eq=False)
class QuantileBins:
    """Bins (edges[k-1], edges[k]] of a reference's values; equal values share a bin.

    edges: (K,) values of the reference, the last one its maximum; K is 70, less if values repeat, and up to
    16 more if they have gaps.
    lows, means: (K,) least value and mean of the values in each bin. std: standard deviation of all.
    """

    edges: Floats
    lows: Floats
    means: Floats
    std: float

    @classmethod
    def of(cls, values: Floats, num_bins: int = NUM_BINS) -> QuantileBins:
        """Return the bins of values (V,); without values there are none.

        Values are sorted first, so that their order changes nothing, not even the last digit of a sum.
        """
        if not len(values):
            return cls(np.zeros(0), np.zeros(0), np.zeros(0), 0.0)
        ordered = np.sort(values) + 0.0  # -0.0 is 0.0
        levels = np.array([*_TAILS, *np.arange(1, num_bins + 1) / num_bins, *(1 - q for q in _TAILS)])
        ranks = np.ceil(levels * len(ordered)).astype(np.int64) - 1
        std = 0.0 if ordered[0] == ordered[-1] else float(ordered.std())
        edges = np.unique(np.concatenate([ordered[ranks], _before_wide_gaps(ordered, std)]))
        ends = np.searchsorted(ordered, edges, side="right")
        starts = np.concatenate([[0], ends[:-1]])
        # the mean of equal values must not leave their bin by rounding
        means = np.clip(np.add.reduceat(ordered, starts) / (ends - starts), ordered[starts], edges)
        return cls(edges, ordered[starts], means, std)

    def codes(self, values: Floats) -> Ints:
        """Return the bin of each of the reference's values, 0 … K - 1."""
        return bin_codes(self.edges, values)

    def wide_edges(self) -> tuple[Floats, Ints]:
        """Return edges for other values than the reference's, and where its bins are among these bins (K,).

        Outside of the reference's range, and in gaps where it has no value, there are further bins.
        """
        if not len(self.edges):
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        step = (self.std or max(abs(self.edges[0]), 1.0)) * _OUTSIDE
        below = self.lows[0] - step[::-1]
        before_bin = np.nextafter(self.lows, -np.inf)
        gaps = np.append(True, self.lows[1:] - self.edges[:-1] > _GAP * self.std)
        edges = np.sort(np.concatenate([below, before_bin[gaps], self.edges, self.edges[-1] + step]))
        return edges, np.searchsorted(edges, self.edges)


def _before_wide_gaps(ordered: Floats, std: float) -> Floats:
    """Return the values before the widest gaps, so that no bin reaches across one."""
    gaps = np.diff(ordered)
    (wide,) = np.nonzero(gaps > _WIDE_GAP * std)
    return ordered[wide[np.argsort(-gaps[wide], kind="stable")[:_MOST_WIDE_GAPS]]]


def bin_codes(edges: Floats, values: Floats) -> Ints:
    """Return how many of the increasing edges (K,) each value (V,) exceeds: `numpy.searchsorted`, but faster.

    A grid of equal cells says how many edges lie in the cells before; the few of the same cell are compared.
    """
    if len(values) < _SMALL or len(edges) < 2 or not edges[0] < edges[-1]:
        return np.searchsorted(edges, values)
    scale = (_GRID - 1) / (edges[-1] - edges[0])
    if not np.isfinite(scale):
        return np.searchsorted(edges, values)
    cell_of_edge = ((edges - edges[0]) * scale).astype(np.int64)
    most = int(np.bincount(cell_of_edge).max())
    if most > _MOST_EDGES_PER_CELL:
        return np.searchsorted(edges, values)
    before = np.searchsorted(cell_of_edge, np.arange(_GRID))
    position = values - edges[0]
    position *= scale
    codes: Ints = before[np.clip(position, 0, _GRID - 1, out=position).astype(np.int64)]
    padded = np.append(edges, np.inf)
    for _ in range(most):
        codes += values > padded[codes]
    return codes
