"""Calibration of probabilities, and ranking by scores: precision-recall areas, risk against coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from raasid.stats.bootstrap import Floats, Ints

BINS = 15
_NUM_SIMULATIONS = 500


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Clips of similar probability."""

    probability: float
    """Mean over the clips."""
    frequency: float
    """Share of the clips in which the event happened."""
    n: int


def expected_calibration_error(probability: Floats, happened: Floats, weights: Floats) -> Floats:
    """Compute the mean distance between probability and frequency over 15 bins of equal mass.

    probability: (N,) of the event. happened: (N,) or (R, N), 0 or 1. weights: (R, N) or (1, N).
    Equal probabilities share a bin, so that their order makes no difference. Returns (R,), NaN if all weights
    are 0. With few clips it is large even for a calibrated model: see `ece_by_chance`.
    Source: Nguyen and O'Connor, EMNLP 2015 (equal mass); Guo et al., ICML 2017, eq. 3.
    """
    mass, gap, bin_of = _binned(probability, happened, weights)
    rows = np.arange(len(mass))[:, None]
    sums = np.bincount((rows * BINS + bin_of).ravel(), gap.ravel(), minlength=len(mass) * BINS)
    total = mass.sum(axis=1)
    summed = np.abs(sums.reshape(-1, BINS)).sum(axis=1)
    return np.asarray(np.where(total > 0, summed / np.where(total > 0, total, 1), np.nan))


def ece_by_chance(probability: Floats, seed: int = 0) -> float:
    """Simulate the mean calibration error of a perfectly calibrated model with these probabilities."""
    if not len(probability):
        return float("nan")
    happened = np.random.default_rng(seed).random((_NUM_SIMULATIONS, len(probability))) < probability
    weights = np.ones((1, len(probability)))
    return float(expected_calibration_error(probability, happened.astype(float), weights).mean())


def reliability(probability: Floats, happened: Floats) -> list[ReliabilityBin]:
    """Return the non-empty bins of `expected_calibration_error`, by rising probability."""
    if not len(probability):
        return []
    weights = np.ones((1, len(probability)))
    mass, gap, bin_of = (part[0] for part in _binned(probability, happened, weights))
    summed = np.unique(probability) * mass
    bins = []
    for number in np.unique(bin_of):
        in_bin = bin_of == number
        n = float(mass[in_bin].sum())
        mean = float(summed[in_bin].sum()) / n
        bins.append(ReliabilityBin(mean, mean - float(gap[in_bin].sum()) / n, round(n)))
    return bins


def _binned(probability: Floats, happened: Floats, weights: Floats) -> tuple[Floats, Floats, Ints]:
    """Per resample and distinct probability: mass, summed probability minus events, and the bin."""
    if not len(probability):
        empty = np.zeros((len(weights), 0))
        return empty, empty, empty.astype(np.int64)
    order = np.argsort(probability, kind="stable")
    ranked, weights = probability[order], weights[:, order]
    starts = np.flatnonzero(np.diff(ranked, prepend=-np.inf) > 0)
    excess = weights * (ranked - happened[..., order])
    gap = np.add.reduceat(excess, starts, axis=1)
    mass = np.broadcast_to(np.add.reduceat(weights, starts, axis=1), gap.shape)
    total = mass.sum(axis=1, keepdims=True)
    middle = (np.cumsum(mass, axis=1) - mass / 2) / np.where(total > 0, total, 1)
    return mass, gap, np.minimum((middle * BINS).astype(np.int64), BINS - 1)


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Error rate if only the most confident clips are answered: (K,) share answered, and wrong of those."""

    coverage: Floats
    risk: Floats
    confidence: Floats
    """(K,) the lowest confidence that is answered."""


def weighted_average_precision(score: Floats, positive: Floats, weights: Floats) -> Floats:
    """Compute (R,) areas under precision over recall; each point is weighted by the recall that it adds.

    score, positive: (N,). weights: (R, N). Equal scores are one point. NaN without positives.
    Source: Zhu, 2004; the sum of (recall gained) * precision, without interpolation.
    """
    mass, hits, _ = _ranked(score, positive, weights)
    all_mass, all_hits = np.cumsum(mass, axis=1), np.cumsum(hits, axis=1)
    area = (hits * all_hits / np.where(all_mass > 0, all_mass, 1)).sum(axis=1)
    total = hits.sum(axis=1)
    return np.asarray(np.where(total > 0, area / np.where(total > 0, total, 1), np.nan))


def area_under_risk(confidence: Floats, wrong: Floats, weights: Floats) -> Floats:
    """Compute the mean risk over all coverages (AURC): 0 is perfect, the error rate is uninformative.

    confidence, wrong: (N,). weights: (R, N). Equally confident clips are one point of the curve.
    Source: Geifman and El-Yaniv, NeurIPS 2017; Geifman et al., ICLR 2019.
    """
    mass, errors, _ = _ranked(confidence, wrong, weights)
    risk = np.cumsum(errors, axis=1) / np.maximum(np.cumsum(mass, axis=1), 1)
    total = mass.sum(axis=1)
    return np.asarray(np.where(total > 0, (mass * risk).sum(axis=1) / np.where(total > 0, total, 1), np.nan))


def risk_coverage(confidence: Floats, wrong: Floats) -> RiskCoverage:
    """Return the curve from the most confident clips to all of them."""
    mass, errors, confidences = _ranked(confidence, wrong, np.ones((1, len(confidence))))
    answered = np.cumsum(mass[0])
    risk = np.cumsum(errors[0]) / np.maximum(answered, 1)
    return RiskCoverage(answered / max(len(confidence), 1), risk, confidences)


def _ranked(score: Floats, marked: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """(R, K) mass and marked mass at each distinct score, from the highest; (K,) the scores."""
    if not len(score):
        empty = np.zeros((len(weights), 0))
        return empty, empty, np.zeros(0)
    order = np.argsort(-score, kind="stable")
    ranked, weights = score[order], weights[:, order]
    starts = np.flatnonzero(np.diff(ranked, prepend=np.inf) < 0)
    mass = np.add.reduceat(weights, starts, axis=1)
    return mass, np.add.reduceat(weights * marked[order], starts, axis=1), ranked[starts]
