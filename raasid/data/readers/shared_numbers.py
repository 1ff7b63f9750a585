"""One object for equal coordinates: tools round to whole pixels, and a file has millions of them."""

from __future__ import annotations

from functools import lru_cache


def shared(value: float) -> float:
    """Return an equal number, the same object each time for whole numbers from 0 to 8191."""
    return _whole(int(value)) if 0 <= value < 8192 and value == int(value) else value


@lru_cache(maxsize=8192)
def _whole(value: int) -> float:
    return float(value)
