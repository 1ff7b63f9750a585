"""One evaluation of a ball model.

Ball metrics while a model trains, and the detections of an epoch for whoever reports on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import lightning.pytorch as pl
import numpy as np

from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.ball.curves import COLUMNS, OperatingCurve, best_threshold, operating_curve
from raasid.evaluation.ball.matched import FrameOutcome, score_frames
from raasid.evaluation.ball.metrics import ball_metrics, ball_slices, count_ball, estimate_ball
from raasid.evaluation.prediction_collector import FrameGathering
from raasid.evaluation.result import Result, number_or_nan
from raasid.models.ball.module import BallModule, Detections
from raasid.tasks import TaskName


@dataclass(frozen=True, kw_only=True)
class BallResult(Result):
    """Metrics of a ball model on some frames, at one threshold."""

    task: ClassVar[TaskName] = "ball"

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


LOGGED = {
    "val/detection_rate": "detection_rate",
    "val/false_positives": "false_positives",
    "val/f1": "f1",
    "val/ap": "ap",
}


class BallValidation(FrameGathering[Detections]):
    """Gathers the detections of every frame, and logs the metrics.

    A model whose threshold is free gets the one that is best on the epoch's frames, before a
    checkpoint of that epoch is written.
    """

    @property
    def detections(self) -> list[Detections]:
        """Detections in `frames`."""
        return self.said

    def read(self, outputs: Any) -> Iterable[tuple[FrameRef, Detections]]:
        """`frames` and `detections`, one for one."""
        return zip(outputs["frames"], outputs["detections"], strict=True)

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the threshold if it is free, then log the metrics; every process gets the same."""
        if not isinstance(pl_module, BallModule):
            raise TypeError(f"BallValidation watches ball models, not {type(pl_module).__name__}")
        if pl_module.threshold_is_free and not trainer.sanity_checking:
            outcomes = score_frames(self.frames, self.detections, pl_module.operating_threshold)
            pl_module.operating_threshold = best_threshold(
                outcomes, pl_module.max_false_positives, fallback=pl_module.operating_threshold
            )
        metrics = ball_metrics(score_frames(self.frames, self.detections, pl_module.operating_threshold))
        for logged, name in LOGGED.items():
            # Gathered already: the value is the whole epoch's in every process.
            pl_module.log(logged, metrics[name], sync_dist=False, rank_zero_only=False)
