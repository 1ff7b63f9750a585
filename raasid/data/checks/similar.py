"""Pairs of pictures that are one: first by hash, then by thumbnail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.data.checks.look import Look

_BLOCK = 512
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
        rows = slice(start, start + _BLOCK)
        apart = np.bitwise_count(hashes[rows, None] ^ hashes[None, : start + _BLOCK])
        earlier = np.arange(apart.shape[1])[None] < np.arange(start, start + len(apart))[:, None]
        near = (apart <= bits) & earlier & (group[rows, None] != group[None, : apart.shape[1]])
        for row in np.flatnonzero(near.any(axis=1)).tolist():
            others = np.flatnonzero(near[row])
            if len(others) > _NEAREST:
                others = others[np.argsort(apart[row, others], kind="stable")[:_NEAREST]]
            j = start + row
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
