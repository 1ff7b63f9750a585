"""The evaluation of a ball model: its result, the callback that logs metrics, and two models side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import lightning.pytorch as pl
import numpy as np

from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.ball.curves import COLUMNS, OperatingCurve, best_threshold, operating_curve
from raasid.evaluation.ball.matched import FrameOutcome, OutcomeType, match_frames
from raasid.evaluation.ball.metrics import ball_metrics, count_frames, estimate_metrics, slice_metrics
from raasid.evaluation.paired import PairedEvaluation, PairedMetric, PairedSample, require_same_samples
from raasid.evaluation.prediction_collector import FramePredictionCollector
from raasid.evaluation.result import EvaluationResult, nan_if_none
from raasid.models.ball.module import BallModule, Detections
from raasid.stats.bootstrap import Floats
from raasid.stats.paired_difference import RatioOfSums
from raasid.tasks import TaskName


@dataclass(frozen=True, kw_only=True)
class BallResult(EvaluationResult):
    """Metrics of a ball model on frames, at one threshold."""

    task: ClassVar[TaskName] = "ball"

    curves: dict[str, OperatingCurve]
    """"top": one prediction per frame; "all": every candidate."""
    threshold: float
    outcomes: list[FrameOutcome] = field(default_factory=list, repr=False)
    """By clip and frame; empty in a result that was read from a file."""

    @property
    def description(self) -> str:
        """The evaluated frames and the operating point."""
        counts = self.counts
        return (
            f"{counts['frames']} held-out frames of {counts['matches']} matches, "
            f"{counts['with ball']} with a visible ball, threshold {self.threshold:.3f}"
        )

    def extra_fields(self) -> dict[str, Any]:
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
    def parse_extra_fields(cls, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Threshold and curves."""
        curves = {
            name: OperatingCurve(
                **{column: np.array(curve[column], np.float64) for column in COLUMNS},
                average_precision=nan_if_none(curve["average_precision"]),
            )
            for name, curve in tree["curves"].items()
        }
        return {"threshold": tree["threshold"], "curves": curves}


def evaluate_ball(
    refs: Sequence[FrameRef], detections: Sequence[Detections], threshold: float, seed: int = 0
) -> BallResult:
    """Evaluate detections in frames at a threshold; the order of the frames makes no difference."""
    pairs = sorted(zip(refs, detections, strict=True), key=lambda pair: pair[0].key)
    outcomes = match_frames([ref for ref, _ in pairs], [candidates for _, candidates in pairs], threshold)
    return BallResult(
        estimates=estimate_metrics(outcomes, seed),
        slices=slice_metrics(outcomes, seed),
        counts=count_frames(outcomes),
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


class BallValidation(FramePredictionCollector[Detections]):
    """Collects the detections of every frame, and logs the metrics.

    A model with a free threshold gets the best one for the epoch's frames, before a checkpoint of that
    epoch is written.
    """

    def read_outputs(self, outputs: Any) -> Iterable[tuple[FrameRef, Detections]]:
        """Pairs of `frames` and `detections`."""
        return zip(outputs["frames"], outputs["detections"], strict=True)

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Choose the threshold if it is free, then log the metrics."""
        if not isinstance(pl_module, BallModule):
            raise TypeError(f"BallValidation needs a ball model, not {type(pl_module).__name__}")
        if pl_module.threshold_is_auto and not trainer.sanity_checking:
            outcomes = match_frames(self.frames, self.predictions, pl_module.operating_threshold)
            pl_module.operating_threshold = best_threshold(
                outcomes, pl_module.max_false_positives, fallback=pl_module.operating_threshold
            )
        metrics = ball_metrics(match_frames(self.frames, self.predictions, pl_module.operating_threshold))
        for logged, name in LOGGED.items():
            # the predictions of all processes are gathered: the value is the same in each
            pl_module.log(logged, metrics[name], sync_dist=False, rank_zero_only=False)


_PER_MINUTE = "false_positives_per_minute"


def pair_ball_results(champion: BallResult, challenger: BallResult) -> PairedEvaluation:
    """Pair two evaluations, each at its model's own operating point. Raises SamplesDiffer.

    detection_rate: hits over frames with a visible ball. false_positives_per_minute: wrong and unwanted
    predictions over the duration of all frames.
    """
    samples = _samples(champion.outcomes)
    require_same_samples(samples, _samples(challenger.outcomes))
    visible = np.array([o.truth is not None for o in champion.outcomes], float)
    minutes = np.array([1 / (60 * o.frame_rate_hz) for o in champion.outcomes], float)

    def ratios(*kinds: OutcomeType, over: Floats) -> tuple[RatioOfSums, RatioOfSums]:
        one, other = (
            np.array([o.kind in kinds for o in result.outcomes], float) for result in (champion, challenger)
        )
        return RatioOfSums(one, over), RatioOfSums(other, over)

    hits = ratios(OutcomeType.HIT, over=visible)
    false = ratios(OutcomeType.MISLOCATED, OutcomeType.UNWANTED, over=minutes)
    return PairedEvaluation(
        task="ball",
        samples=samples,
        primary=PairedMetric("detection_rate", "higher", hits, visible > 0),
        others={_PER_MINUTE: PairedMetric(_PER_MINUTE, "lower", false, minutes > 0)},
    )


def _samples(outcomes: Sequence[FrameOutcome]) -> list[PairedSample]:
    return [
        PairedSample((o.clip, o.index), o.match, o.tags, (o.truth, o.other_balls, o.size, o.frame_rate_hz))
        for o in outcomes
    ]
