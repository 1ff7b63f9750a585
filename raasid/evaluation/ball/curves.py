"""Metrics at every threshold: the precision-recall and the FROC curve are two views of one curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.ball.matched import CandidateLabel, FrameOutcome, candidate_labels
from raasid.stats.bootstrap import Floats

COLUMNS = ("threshold", "detection_rate", "precision", "false_positives", "f1")


@dataclass(frozen=True, slots=True, eq=False)
class OperatingCurve:
    """One point per threshold, from the highest to the lowest.

    threshold, detection_rate, precision, false_positives, f1: (T,); false_positives per image.
    detection_rate against precision is the PR curve, against false_positives the FROC curve.
    """

    threshold: Floats
    detection_rate: Floats
    precision: Floats
    false_positives: Floats
    f1: Floats

    average_precision: float
    """Area under precision over detection rate; each point is weighted by the rate that it adds."""

    def thinned(self, points: int = 256) -> OperatingCurve:
        """Return the curve with at most so many points, including both ends."""
        n = len(self.threshold)
        if n <= points:
            return self
        keep = np.unique(np.linspace(0, n - 1, points).round().astype(int))
        columns = {name: getattr(self, name)[keep] for name in COLUMNS}
        return OperatingCurve(**columns, average_precision=self.average_precision)


def operating_curve(outcomes: Sequence[FrameOutcome], candidates: Literal["top", "all"]) -> OperatingCurve:
    """Compute the metrics at every score as threshold.

    top: one prediction per frame, the highest score, which is what the system uses.
    all: every candidate; an additional one on a ball already hit is ignored.
    """
    scores: list[float] = []
    labels: list[int] = []
    for outcome in outcomes:
        order = np.argsort(-outcome.candidates.score, kind="stable")
        its_labels = candidate_labels(outcome)[order]
        hits = np.flatnonzero(its_labels == CandidateLabel.HIT)
        its_labels[hits[1:]] = CandidateLabel.IGNORED
        chosen = order[:1] if candidates == "top" else order
        scores += outcome.candidates.score[chosen].tolist()
        labels += its_labels[: len(chosen)].tolist()
    visible = sum(outcome.truth is not None for outcome in outcomes)
    return _sweep(np.array(scores, float), np.array(labels, np.int8), visible, len(outcomes))


def best_threshold(
    outcomes: Sequence[FrameOutcome], max_false_positives: float, fallback: float = 0.5
) -> float:
    """Choose the lowest threshold at which the top candidates stay within `max_false_positives` per image.

    A limit on false positives is what a user can set; within it, one more ball found is worth more than a
    point of F1, which a small selection split cannot measure. The threshold lies half-way to the next lower
    score, so that rounding on other hardware changes no frame. If even the most confident candidate exceeds
    the limit, it is the threshold of the highest F1; if there is no hit at all, `fallback`.
    Use other frames than those of the reported metrics.
    """
    curve = operating_curve(outcomes, "top")
    if not curve.f1.any():
        return fallback
    within = np.flatnonzero(curve.false_positives <= max_false_positives)
    chosen = int(within[-1]) if len(within) else int(np.argmax(curve.f1))
    below = curve.threshold[chosen + 1] if chosen + 1 < len(curve.threshold) else 0.0
    return float((curve.threshold[chosen] + below) / 2)


def _sweep(scores: Floats, labels: NDArray[np.int8], visible: int, images: int) -> OperatingCurve:
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(labels[order] == CandidateLabel.HIT)
    false = np.cumsum(labels[order] == CandidateLabel.FALSE)
    last = np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)]
    threshold, hits, false = ranked[last], hits[last].astype(float), false[last].astype(float)
    rate = hits / visible if visible else np.full_like(hits, np.nan)
    # every threshold is some candidate's score, but all of these may be ignored
    counted = hits + false
    precision = np.where(counted > 0, hits / np.maximum(counted, 1), np.nan)
    gained = np.diff(rate, prepend=0.0) * np.nan_to_num(precision)
    return OperatingCurve(
        threshold=threshold,
        detection_rate=rate,
        precision=precision,
        false_positives=false / max(images, 1),
        f1=2 * hits / np.maximum(counted + visible, 1),
        average_precision=float(gained.sum()) if visible else float("nan"),
    )
