"""Average precision over frames, and over resamples of the matches that they are from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.pose.matching import Matches

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_RECALLS = np.linspace(0, 1, 101)
_GRID = 400
"""Ranks at which a resample looks at precision and recall; the value itself looks at every rank."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """D predictions of many frames by falling score, for one size of person and T thresholds."""

    score: Floats
    """(D,)"""
    right: Bools
    """(T, D)"""
    wrong: Bools
    """(T, D); what is ignored is neither."""
    frame: Ints
    """(D,) number of the frame that each is from."""
    wanted: Ints
    """(F,) persons to be found in each frame."""

    @classmethod
    def of(cls, frames: Sequence[Matches], size: int = 0) -> Ranking:
        """Rank the predictions of all frames; of equal scores the earlier frame's comes first."""
        thresholds = frames[0].right.shape[1] if frames else 0
        score = np.concatenate([np.zeros(0), *(m.score for m in frames)])
        order = np.argsort(-score, kind="stable")
        none = np.zeros((thresholds, 0), bool)
        right = np.concatenate([none, *(m.right[size] for m in frames)], axis=1)[:, order]
        ignored = np.concatenate([none, *(m.ignored[size] for m in frames)], axis=1)[:, order]
        frame = np.repeat(np.arange(len(frames)), [len(m.score) for m in frames])[order]
        wanted = np.array([m.wanted[size] for m in frames], np.int64)
        return cls(score[order], right & ~ignored, ~right & ~ignored, frame, wanted)


def average_precision(ranking: Ranking) -> Floats:
    """(T,) COCO's: mean over 101 recalls of the best precision from there on; NaN with nobody to find."""
    thresholds = len(ranking.right)
    total = ranking.wanted.sum()
    if not total:
        return np.full(thresholds, np.nan)
    right, wrong = ranking.right.cumsum(axis=1), ranking.wrong.cumsum(axis=1)
    precision = right / np.maximum(right + wrong, 1)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    envelope = np.concatenate([envelope, np.zeros((thresholds, 1))], axis=1)
    at = [np.searchsorted(row, _RECALLS, side="left") for row in right / total]
    return np.array([row[ranks].mean() for row, ranks in zip(envelope, at, strict=True)])


def average_recall(ranking: Ranking) -> float:
    """Share of the persons found, mean over the thresholds; NaN with nobody to find."""
    total = ranking.wanted.sum()
    return float(ranking.right.sum(axis=1).mean() / total) if total else float("nan")


def precision_recall(ranking: Ranking, threshold: int) -> tuple[Floats, Floats]:
    """Recall and precision after each rank, at one threshold."""
    right, wrong = ranking.right[threshold].cumsum(), ranking.wrong[threshold].cumsum()
    total = max(int(ranking.wanted.sum()), 1)
    return right / total, right / np.maximum(right + wrong, 1)


def resampled_precision(ranking: Ranking, unit: Ints, weights: Floats) -> Floats:
    """(R, T) average precision where each unit of frames counts as often as a resample drew it.

    unit: (F,) number of the unit that a frame belongs to. weights: (R, U).
    AP is no ratio of sums, so that every resample walks down the ranking anew: over at most 400 of
    its ranks, as sums over units, which costs less than a hundredth in accuracy of what it varies by.
    """
    resamples, units = weights.shape
    total = weights @ np.bincount(unit, ranking.wanted, units)
    result = np.full((resamples, len(ranking.right)), np.nan)
    count = len(ranking.score)
    ranks = np.unique(np.linspace(0, count - 1, min(count, _GRID)).round().astype(int))
    step = np.searchsorted(ranks, np.arange(count))
    cell = unit[ranking.frame] * len(ranks) + step
    for t, (right, wrong) in enumerate(zip(ranking.right, ranking.wrong, strict=True)):
        hits, misses = (
            weights @ np.bincount(cell, which, units * len(ranks)).reshape(units, -1).cumsum(axis=1)
            for which in (right, wrong)
        )
        precision = hits / np.maximum(hits + misses, 1)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            recall = hits / total[:, None]
        passed = np.floor(np.nan_to_num(recall) * 100 + 1e-9) + 1
        gained = np.diff(passed, axis=1, prepend=0.0)
        result[:, t] = np.where(total > 0, (envelope * gained).sum(axis=1) / len(_RECALLS), np.nan)
    return result
