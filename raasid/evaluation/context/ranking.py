"""How well a score puts clips in order: precision-recall areas, and risk against coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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
