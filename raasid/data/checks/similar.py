"""Pairs of pictures that are one: first by hash, then by thumbnail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.data.checks.look import Look

_BLOCK = 32
"""Rows at a time: a row of 100,000 hashes is 0.8 MB, and a block should stay near the processor."""
_NEAREST = 32
"""Candidates of one frame that are compared: a camera that never moves makes thousands."""


def same_pictures(
    looks: Sequence[Look], group: NDArray[np.int64], bits: int, most: float
) -> Iterator[tuple[int, int, float]]:
    """Yield (i, j, difference) with i < j for pictures that are one, each j once, with its most alike i.

    group: (N,) a pair is looked at only where its numbers differ. bits, most: the largest distance of
    hashes and of thumbnails. Exact over all pairs of hashes: N * N / 2 popcounts, a block of rows at a time.
    """
    hashes = np.array([seen.hash for seen in looks], np.uint64)
    for start in range(0, len(hashes), _BLOCK):
        rows = hashes[start : start + _BLOCK, None]
        apart = np.bitwise_count(rows ^ hashes[None, : start + _BLOCK])
        near = apart <= bits
        for row in np.flatnonzero(near.sum(axis=1) > 1).tolist():  # each is near itself
            j = start + row
            others = np.flatnonzero(near[row, :j])
            others = others[group[others] != group[j]]
            if not len(others):
                continue
            if len(others) > _NEAREST:
                others = others[np.argsort(apart[row, others], kind="stable")[:_NEAREST]]
            gaps = [(difference(looks[i].thumb, looks[j].thumb), i) for i in others.tolist()]
            gap, i = min(gaps)
            if gap <= most:
                yield i, j, gap


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """How much two thumbnails differ where they differ most, apart from gain and offset; 1 is white to black.

    Two shots of one pitch have the same large areas but not the same players: the largest difference
    counts, not the mean.
    """
    x, y = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    x, y = x - x.mean(), y - y.mean()
    power = float(x @ x)
    gain = float(x @ y) / power if power > 0 else 1.0
    if not 0.5 <= gain <= 2.0:
        return 1.0
    return float(np.quantile(np.abs(y - gain * x), 0.995)) / 255
