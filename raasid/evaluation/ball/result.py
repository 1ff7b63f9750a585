"""One evaluation of a ball model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from raasid.data.frame_ref import FrameRef
from raasid.evaluation.ball.curves import COLUMNS, OperatingCurve, operating_curve
from raasid.evaluation.ball.estimates import ball_slices, count_ball, estimate_ball
from raasid.evaluation.ball.outcomes import FrameOutcome, score_frames
from raasid.evaluation.result import Result, number_or_nan
from raasid.models.ball.detections import Detections


@dataclass(frozen=True, kw_only=True)
class BallResult(Result):
    """Metrics of a ball model on some frames, at one threshold."""

    task: ClassVar[str] = "ball"
    decisive: ClassVar[tuple[str, ...]] = ("false_positives", "detection_rate")

    curves: dict[str, OperatingCurve]
    """"top": one prediction per frame; "all": every candidate."""
    threshold: float
    outcomes: list[FrameOutcome] = field(default_factory=list, repr=False)
    """By clip and frame; empty in a result that was read back, which holds no pictures."""

    @property
    def ground(self) -> str:
        """What was looked at, and at which operating point."""
        counts = self.counts
        return (
            f"{counts['frames']} held-out frames of {counts['matches']} matches, "
            f"{counts['with ball']} with a visible ball, threshold {self.threshold:.3f}"
        )

    def more(self) -> dict[str, Any]:
        """Threshold and curves."""
        return {
            "threshold": self.threshold,
            "curves": {
                name: {column: getattr(curve, column).tolist() for column in COLUMNS}
                | {"average_precision": curve.average_precision}
                for name, curve in self.curves.items()
            },
        }

    @classmethod
    def read_more(cls, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Threshold and curves."""
        curves = {
            name: OperatingCurve(
                **{column: np.array(curve[column], np.float64) for column in COLUMNS},
                average_precision=number_or_nan(curve["average_precision"]),
            )
            for name, curve in tree["curves"].items()
        }
        return {"threshold": tree["threshold"], "curves": curves}


def evaluate_ball(
    refs: Sequence[FrameRef], detections: Sequence[Detections], threshold: float, seed: int = 0
) -> BallResult:
    """Judge detections in frames at a threshold; the order of the frames makes no difference."""
    pairs = sorted(zip(refs, detections, strict=True), key=lambda pair: pair[0].key)
    outcomes = score_frames([ref for ref, _ in pairs], [found for _, found in pairs], threshold)
    return BallResult(
        estimates=estimate_ball(outcomes, seed),
        slices=ball_slices(outcomes, seed),
        counts=count_ball(outcomes),
        curves={
            "top": operating_curve(outcomes, "top").thinned(),
            "all": operating_curve(outcomes, "all").thinned(),
        },
        threshold=threshold,
        outcomes=outcomes,
    )
