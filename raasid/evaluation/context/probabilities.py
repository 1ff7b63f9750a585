"""Whether probabilities can be believed: of what is said with 70 %, do 70 % happen?

How well a score puts clips in order: precision-recall areas, and risk against coverage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 15
_DRAWS = 500


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Clips of like probability."""

    said: float
    """Their mean probability."""
    came: float
    """The share in which it happened."""
    n: int


def expected_calibration_error(probability: Floats, happened: Floats, weights: Floats) -> Floats:
    """Mean distance between probability and frequency over 15 bins of equal mass.

    probability: (N,) of the event. happened: (N,) or (R, N), 0 or 1. weights: (R, N) or (1, N).
    Equal probabilities share a bin, so that their order makes no difference. Returns (R,), NaN where
    the weights are all 0. Few clips make it large by chance alone: see `error_by_chance`.
    Source: Nguyen and O'Connor, EMNLP 2015 (equal mass); Guo et al., ICML 2017, eq. 3.
    """
    mass, gap, bin_of = _binned(probability, happened, weights)
    rows = np.arange(len(mass))[:, None]
    sums = np.bincount((rows * BINS + bin_of).ravel(), gap.ravel(), minlength=len(mass) * BINS)
    total = mass.sum(axis=1)
    summed = np.abs(sums.reshape(-1, BINS)).sum(axis=1)
    return np.asarray(np.where(total > 0, summed / np.where(total > 0, total, 1), np.nan))


def error_by_chance(probability: Floats, seed: int = 0) -> float:
    """The calibration error that a perfectly calibrated model with these probabilities shows on average."""
    if not len(probability):
        return float("nan")
    happened = np.random.default_rng(seed).random((_DRAWS, len(probability))) < probability
    weights = np.ones((1, len(probability)))
    return float(expected_calibration_error(probability, happened.astype(float), weights).mean())


def reliability(probability: Floats, happened: Floats) -> list[ReliabilityBin]:
    """The bins behind `expected_calibration_error`, by rising probability; empty ones are left out."""
    if not len(probability):
        return []
    weights = np.ones((1, len(probability)))
    mass, gap, bin_of = (part[0] for part in _binned(probability, happened, weights))
    said = np.unique(probability) * mass
    bins = []
    for number in np.unique(bin_of):
        its = bin_of == number
        n = float(mass[its].sum())
        mean = float(said[its].sum()) / n
        bins.append(ReliabilityBin(mean, mean - float(gap[its].sum()) / n, round(n)))
    return bins


def _binned(
    probability: Floats, happened: Floats, weights: Floats
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Per resample and distinct probability: mass, what was said beyond what came, and the bin."""
    if not len(probability):
        none = np.zeros((len(weights), 0))
        return none, none, none.astype(np.int64)
    order = np.argsort(probability, kind="stable")
    ranked, weights = probability[order], weights[:, order]
    starts = np.flatnonzero(np.diff(ranked, prepend=-np.inf) > 0)
    beyond = weights * (ranked - happened[..., order])
    gap = np.add.reduceat(beyond, starts, axis=1)
    mass = np.broadcast_to(np.add.reduceat(weights, starts, axis=1), gap.shape)
    total = mass.sum(axis=1, keepdims=True)
    middle = (np.cumsum(mass, axis=1) - mass / 2) / np.where(total > 0, total, 1)
    return mass, gap, np.minimum((middle * BINS).astype(np.int64), BINS - 1)


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Answer only the most confident: (K,) share that is answered, and the share of those that is wrong."""

    coverage: Floats
    risk: Floats
    confidence: Floats
    """(K,) the least confidence that is still answered."""


def average_precision(score: Floats, positive: Floats, weights: Floats) -> Floats:
    """Area under precision over recall, each point weighing the recall that it adds; (R,).

    score, positive: (N,). weights: (R, N). Equal scores are one point. NaN where nothing is positive.
    Source: Zhu, 2004; the sum of (recall gained) * precision, without interpolation.
    """
    mass, hits, _ = _ranked(score, positive, weights)
    all_mass, all_hits = np.cumsum(mass, axis=1), np.cumsum(hits, axis=1)
    area = (hits * all_hits / np.where(all_mass > 0, all_mass, 1)).sum(axis=1)
    total = hits.sum(axis=1)
    return np.asarray(np.where(total > 0, area / np.where(total > 0, total, 1), np.nan))


def area_under_risk(confidence: Floats, wrong: Floats, weights: Floats) -> Floats:
    """Mean risk over all coverages (AURC): 0 is perfect, the error rate is a confidence that tells nothing.

    confidence, wrong: (N,). weights: (R, N). Equally confident clips are one point of the curve.
    Source: Geifman and El-Yaniv, NeurIPS 2017; Geifman et al., ICLR 2019.
    """
    mass, errors, _ = _ranked(confidence, wrong, weights)
    risk = np.cumsum(errors, axis=1) / np.maximum(np.cumsum(mass, axis=1), 1)
    total = mass.sum(axis=1)
    return np.asarray(np.where(total > 0, (mass * risk).sum(axis=1) / np.where(total > 0, total, 1), np.nan))


def risk_coverage(confidence: Floats, wrong: Floats) -> RiskCoverage:
    """The curve, from the most confident clips alone to all of them."""
    mass, errors, levels = _ranked(confidence, wrong, np.ones((1, len(confidence))))
    answered = np.cumsum(mass[0])
    risk = np.cumsum(errors[0]) / np.maximum(answered, 1)
    return RiskCoverage(answered / max(len(confidence), 1), risk, levels)


def _ranked(score: Floats, marked: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """(R, K) mass and marked mass at each distinct score, from the highest; and (K,) the scores."""
    if not len(score):
        none = np.zeros((len(weights), 0))
        return none, none, np.zeros(0)
    order = np.argsort(-score, kind="stable")
    ranked, weights = score[order], weights[:, order]
    starts = np.flatnonzero(np.diff(ranked, prepend=np.inf) < 0)
    mass = np.add.reduceat(weights, starts, axis=1)
    return mass, np.add.reduceat(weights * marked[order], starts, axis=1), ranked[starts]
