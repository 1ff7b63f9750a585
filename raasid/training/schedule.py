"""Learning rate over the run, as a factor of `optimizer.lr`."""

from __future__ import annotations

import math
from collections.abc import Callable


def one_cycle(total_steps: int, warmup: float, final: float) -> Callable[[int], float]:
    """Cosine from 1/25 up to 1 over `warmup` (a fraction of all steps), then cosine down to `final`.

    Source: Smith and Topin 2018, with the cosine form that torch's OneCycleLR uses.
    """
    peak = max(1, round(warmup * total_steps))

    def factor(step: int) -> float:
        if step < peak:
            return _cosine(1 / 25, 1.0, step / peak)
        return _cosine(1.0, final, (step - peak) / max(1, total_steps - peak))

    return factor


def cosine(total_steps: int, warmup: float, final: float) -> Callable[[int], float]:
    """Linear warm-up from 0, then cosine decay to `final` (Loshchilov and Hutter 2017)."""
    peak = round(warmup * total_steps)

    def factor(step: int) -> float:
        if step < peak:
            return (step + 1) / peak
        return _cosine(1.0, final, (step - peak) / max(1, total_steps - peak))

    return factor


def constant(total_steps: int, warmup: float) -> Callable[[int], float]:
    """Linear warm-up from 0, then 1."""
    peak = round(warmup * total_steps)
    return lambda step: min(1.0, (step + 1) / peak) if peak else 1.0


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, max(0.0, progress)))) / 2
