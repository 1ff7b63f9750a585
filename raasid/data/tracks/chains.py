"""Random processes in time: errors last for some frames, and one error resembles the next."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]


def spells(rng: Generator, share: Floats | float, length: float, shape: tuple[int, ...]) -> Bools:
    """Boolean process of `shape` (…, T), true in `share` of the frames, in spells of about `length` frames.

    share: broadcasts against (…, T); it may change with time. A two-state Markov chain in its steady state;
    spells are longer where the share leaves no room between them.
    """
    p = np.clip(np.broadcast_to(share, shape), 0.0, 0.999)
    stay = np.maximum(1 - 1 / max(length, 1.0), p)
    enter = p * (1 - stay) / (1 - p)
    drawn = rng.random(shape)
    # as `enter` is never above `stay`, a draw below it begins a spell, one above `stay` ends any, and others
    # change nothing: the state is what the last draw that decided has left
    begins, ends = drawn < enter, drawn >= stay
    begins[..., 0] = drawn[..., 0] < p[..., 0]
    ends[..., 0] = ~begins[..., 0]
    at = np.arange(shape[-1])
    began = np.maximum.accumulate(np.where(begins, at, -1), axis=-1)
    ended = np.maximum.accumulate(np.where(ends, at, -1), axis=-1)
    return np.asarray(began > ended)


_AT_ONCE = 128
"""Frames up to which a process is one product of matrices."""


def drift(rng: Generator, correlation: float, shape: tuple[int, ...]) -> Floats32:
    """Standard normal process of `shape` (T, …): neighbours in time are correlated, nothing else is."""
    out = rng.standard_normal(shape, np.float32)
    if shape[0] <= _AT_ONCE:
        mixed = _mixing(shape[0], correlation) @ out.reshape(shape[0], -1)
        return np.asarray(mixed.reshape(shape), np.float32)
    new = np.float32(np.sqrt(1 - correlation**2))
    for t in range(1, shape[0]):
        out[t] = np.float32(correlation) * out[t - 1] + new * out[t]
    return out


@lru_cache(16)
def _mixing(frames: int, correlation: float) -> Floats32:
    """(T, T) by which independent numbers become a process of first order."""
    lag = np.arange(frames)[:, None] - np.arange(frames)[None]
    weight = np.where(lag >= 0, correlation ** np.maximum(lag, 0), 0.0)
    weight[:, 1:] *= np.sqrt(1 - correlation**2)
    return weight.astype(np.float32)


def heavy(rng: Generator, correlation: float, shape: tuple[int, ...]) -> Floats32:
    """Factors of `shape` (T, …) that make normal errors Student's with 4 degrees of freedom: few large ones.

    They change as slowly as the errors do: who is badly seen is so for a while.
    """
    squares = np.square(drift(rng, correlation, (*shape, 4))).sum(axis=-1)
    return np.asarray(np.sqrt(4 / np.maximum(squares, 0.1)), np.float32)


T4_MEDIAN = 0.7407
"""Median of |t| with 4 degrees of freedom: a median error over it is a scale."""


def neighbours(there: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For (…, T): the last place at or before each that is true (-1: none), and the next (T: none)."""
    frames = there.shape[-1]
    at = np.arange(frames)
    before = np.maximum.accumulate(np.where(there, at, -1), axis=-1)
    after = np.minimum.accumulate(np.where(there, at, frames)[..., ::-1], axis=-1)[..., ::-1]
    return before, after
