"""What a model could do at other thresholds: precision-recall and FROC are two views of one curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.ball.matched import FrameOutcome, Mark, marks

Floats = NDArray[np.float64]

COLUMNS = ("threshold", "detection_rate", "precision", "false_positives", "f1")


@dataclass(frozen=True, slots=True, eq=False)
class OperatingCurve:
    """One point per threshold, from the strictest to the most permissive.

    threshold, detection_rate, precision, false_positives, f1: (T,); false_positives per image.
    detection_rate against precision is the PR curve, against false_positives the FROC curve.
    """

    threshold: Floats
    detection_rate: Floats
    precision: Floats
    false_positives: Floats
    f1: Floats

    average_precision: float
    """Area under precision over detection rate, each point weighing the rate that it adds."""

    def thinned(self, points: int = 256) -> OperatingCurve:
        """At most so many points, both ends kept: enough to draw."""
        n = len(self.threshold)
        if n <= points:
            return self
        keep = np.unique(np.linspace(0, n - 1, points).round().astype(int))
        columns = {name: getattr(self, name)[keep] for name in COLUMNS}
        return OperatingCurve(**columns, average_precision=self.average_precision)


def operating_curve(outcomes: Sequence[FrameOutcome], candidates: Literal["top", "all"]) -> OperatingCurve:
    """Move the threshold over every score.

    top: one prediction per frame, the highest score, which is what the system acts on.
    all: every candidate; a further one on a ball already hit is neither right nor wrong.
    """
    scores: list[float] = []
    labels: list[int] = []
    for outcome in outcomes:
        order = np.argsort(-outcome.candidates.score, kind="stable")
        mark = marks(outcome)[order]
        hits = np.flatnonzero(mark == Mark.HIT)
        mark[hits[1:]] = Mark.IGNORED
        chosen = order[:1] if candidates == "top" else order
        scores += outcome.candidates.score[chosen].tolist()
        labels += mark[: len(chosen)].tolist()
    visible = sum(outcome.truth is not None for outcome in outcomes)
    return _sweep(np.array(scores, float), np.array(labels, np.int8), visible, len(outcomes))


def best_threshold(
    outcomes: Sequence[FrameOutcome], max_false_positives: float, fallback: float = 0.5
) -> float:
    """The lowest threshold at which the top candidates stay within `max_false_positives` per image.

    The limit is what a user can judge; within it, a ball more found is worth more than a point of F1,
    which a small selection split cannot measure. It is put half-way to the next lower score, so that
    rounding on other hardware moves no frame across it. Where even the most confident candidate is
    over the limit, the threshold of the highest F1; `fallback` where nothing is ever hit.
    Use frames that the reported metrics do not come from.
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
    hits = np.cumsum(labels[order] == Mark.HIT)
    false = np.cumsum(labels[order] == Mark.FALSE)
    last = np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)]
    threshold, hits, false = ranked[last], hits[last].astype(float), false[last].astype(float)
    rate = hits / visible if visible else np.full_like(hits, np.nan)
    # Every threshold is some candidate's score, yet all of them may be marked as ignored.
    said = hits + false
    precision = np.where(said > 0, hits / np.maximum(said, 1), np.nan)
    gained = np.diff(rate, prepend=0.0) * np.nan_to_num(precision)
    return OperatingCurve(
        threshold=threshold,
        detection_rate=rate,
        precision=precision,
        false_positives=false / max(images, 1),
        f1=2 * hits / np.maximum(said + visible, 1),
        average_precision=float(gained.sum()) if visible else float("nan"),
    )
