"""COCO average precision over frames, and over resamples of their matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raasid.evaluation.pose.matching import Bools, PoseMatches
from raasid.stats.bootstrap import Floats, Ints

_RECALLS = np.linspace(0, 1, 101)
_GRID = 400
"""Ranks at which a resample evaluates precision and recall; the value itself uses every rank."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """D predictions of many frames by falling score, for one size of person and T thresholds."""

    score: Floats
    """(D,)"""
    correct: Bools
    """(T, D)"""
    wrong: Bools
    """(T, D); ignored predictions are neither."""
    frame: Ints
    """(D,) index of the frame that each is from."""
    num_targets: Ints
    """(F,) persons to be found in each frame."""

    @classmethod
    def build(cls, frames: Sequence[PoseMatches], size: int = 0) -> Ranking:
        """Rank the predictions of all frames; of equal scores that of the earlier frame comes first."""
        thresholds = frames[0].correct.shape[1] if frames else 0
        score = np.concatenate([np.zeros(0), *(m.score for m in frames)])
        order = np.argsort(-score, kind="stable")
        empty = np.zeros((thresholds, 0), bool)
        correct = np.concatenate([empty, *(m.correct[size] for m in frames)], axis=1)[:, order]
        ignored = np.concatenate([empty, *(m.ignored[size] for m in frames)], axis=1)[:, order]
        frame = np.repeat(np.arange(len(frames)), [len(m.score) for m in frames])[order]
        num_targets = np.array([m.num_targets[size] for m in frames], np.int64)
        return cls(score[order], correct & ~ignored, ~correct & ~ignored, frame, num_targets)


def average_precision(ranking: Ranking) -> Floats:
    """Compute (T,) COCO's mean over 101 recalls of the best precision from there on; NaN without targets."""
    thresholds = len(ranking.correct)
    total = ranking.num_targets.sum()
    if not total:
        return np.full(thresholds, np.nan)
    correct, wrong = ranking.correct.cumsum(axis=1), ranking.wrong.cumsum(axis=1)
    precision = correct / np.maximum(correct + wrong, 1)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    envelope = np.concatenate([envelope, np.zeros((thresholds, 1))], axis=1)
    at = [np.searchsorted(row, _RECALLS, side="left") for row in correct / total]
    return np.array([row[ranks].mean() for row, ranks in zip(envelope, at, strict=True)])


def average_recall(ranking: Ranking) -> float:
    """Compute the share of targets found, mean over the thresholds; NaN without targets."""
    total = ranking.num_targets.sum()
    return float(ranking.correct.sum(axis=1).mean() / total) if total else float("nan")


def precision_recall(ranking: Ranking, threshold: int) -> tuple[Floats, Floats]:
    """Return recall and precision after each rank, at one threshold."""
    correct, wrong = ranking.correct[threshold].cumsum(), ranking.wrong[threshold].cumsum()
    total = max(int(ranking.num_targets.sum()), 1)
    return correct / total, correct / np.maximum(correct + wrong, 1)


def resampled_precision(ranking: Ranking, unit: Ints, weights: Floats) -> Floats:
    """Compute (R, T) average precision where each unit of frames counts as often as a resample drew it.

    unit: (F,) the unit that a frame belongs to. weights: (R, U).
    AP is no ratio of sums, so that every resample walks down the ranking again: over at most 400 of its
    ranks, as sums over units. The error is below a hundredth of the standard error.
    """
    resamples, units = weights.shape
    total = weights @ np.bincount(unit, ranking.num_targets, units)
    result = np.full((resamples, len(ranking.correct)), np.nan)
    count = len(ranking.score)
    ranks = np.unique(np.linspace(0, count - 1, min(count, _GRID)).round().astype(int))
    step = np.searchsorted(ranks, np.arange(count))
    cell = unit[ranking.frame] * len(ranks) + step
    for t, (correct, wrong) in enumerate(zip(ranking.correct, ranking.wrong, strict=True)):
        hits, misses = (
            weights @ np.bincount(cell, which, units * len(ranks)).reshape(units, -1).cumsum(axis=1)
            for which in (correct, wrong)
        )
        precision = hits / np.maximum(hits + misses, 1)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            recall = hits / total[:, None]
        passed = np.floor(np.nan_to_num(recall) * 100 + 1e-9) + 1
        gained = np.diff(passed, axis=1, prepend=0.0)
        result[:, t] = np.where(total > 0, (envelope * gained).sum(axis=1) / len(_RECALLS), np.nan)
    return result
