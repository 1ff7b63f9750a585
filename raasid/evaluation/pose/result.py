"""The evaluation of a pose model: its result, the callback that logs metrics, and two models side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import lightning.pytorch as pl
import numpy as np
from torch import Tensor

from raasid.datasets.pose.batch import PoseBatch
from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.paired import PairedEvaluation, PairedMetric, PairedSample, require_same_samples
from raasid.evaluation.pose.average_precision import Ranking, average_precision, resampled_precision
from raasid.evaluation.pose.matched import PoseOutcome, match_frames
from raasid.evaluation.pose.matching import GroundTruth, PoseMatches, match_poses
from raasid.evaluation.pose.metrics import count_persons, estimate_metrics, slice_metrics
from raasid.evaluation.pose.timing import NUM_TIMED, InferenceTiming, measure_inference_time
from raasid.evaluation.prediction_collector import FramePredictionCollector
from raasid.evaluation.result import EvaluationResult
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import People
from raasid.stats.bootstrap import NUM_RESAMPLES_SLOW, Estimate, Floats, Ints, Resampling
from raasid.tasks import TaskName


@dataclass(frozen=True, kw_only=True)
class PoseResult(EvaluationResult):
    """Metrics of a pose model on frames."""

    task: ClassVar[TaskName] = "pose"

    timing: InferenceTiming | None = None
    outcomes: list[PoseOutcome] = field(default_factory=list, repr=False)
    """By clip and frame; empty in a result that was read from a file."""

    @property
    def description(self) -> str:
        """The evaluated frames, and the conditions of the times."""
        counts = self.counts
        samples = (
            f"{counts['frames']} held-out frames of {counts['matches']} matches, "
            f"{counts['persons']} persons with labelled joints"
        )
        return (
            samples if self.timing is None else f"{samples}; inference_time in ms: {self.timing.conditions}"
        )

    def extra_fields(self) -> dict[str, Any]:
        """Times."""
        return {"timing": None if self.timing is None else self.timing.to_plain()}

    @classmethod
    def parse_extra_fields(cls, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Times."""
        return {"timing": None if tree["timing"] is None else InferenceTiming.from_plain(tree["timing"])}


def evaluate_pose(
    refs: Sequence[FrameRef],
    own: Sequence[People],
    at_truth: Sequence[People],
    timing: InferenceTiming | None = None,
    seed: int = 0,
) -> PoseResult:
    """Evaluate people in frames; the order of the frames makes no difference.

    own: predicted with the model's own boxes. at_truth: at the annotated boxes, in their order.
    """
    frames = sorted(zip(refs, own, at_truth, strict=True), key=lambda frame: frame[0].key)
    outcomes = match_frames(*(list(column) for column in zip(*frames, strict=True))) if frames else []
    times = {} if timing is None else timing.estimates(seed)
    return PoseResult(
        estimates={**estimate_metrics(outcomes, seed), **times},
        slices=slice_metrics(outcomes, seed),
        counts=count_persons(outcomes),
        timing=timing,
        outcomes=outcomes,
    )


PosePair = tuple[People, People]
"""Predictions with the model's own boxes, and at the annotated ones."""


class PoseValidation(FramePredictionCollector[PosePair]):
    """Collects the people of every frame, and logs `val/ap` and `val/ap50`, with the model's own boxes.

    `val/ap_at_truth` is the same at the annotated boxes, so that it measures the joints alone. A test also
    times the model on some of its images.
    """

    def __init__(self) -> None:
        super().__init__()
        self.timing: InferenceTiming | None = None
        """Of the last finished test."""
        self._images: list[Tensor] = []

    def read_outputs(self, outputs: Any) -> Iterable[tuple[FrameRef, PosePair]]:
        """Pairs of `frames` and of (`people`, `at_truth`)."""
        return (
            (ref, (own, at))
            for ref, own, at in zip(outputs["frames"], outputs["people"], outputs["at_truth"], strict=True)
        )

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics."""
        if not isinstance(pl_module, PoseModule):
            raise TypeError(f"PoseValidation needs a pose model, not {type(pl_module).__name__}")
        truths = [GroundTruth.from_persons(ref.frame.persons) for ref in self.frames]
        own, at = (
            average_precision(
                Ranking.build(
                    [
                        match_poses(pair[k], truth)
                        for pair, truth in zip(self.predictions, truths, strict=True)
                    ]
                )
            )
            for k in (0, 1)
        )
        logged = {"val/ap": own.mean(), "val/ap50": own[0], "val/ap_at_truth": at.mean()}
        for name, value in logged.items():
            # the predictions of all processes are gathered: the value is the same in each
            pl_module.log(name, float(value), sync_dist=False, rank_zero_only=False)

    def on_test_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Discard the last epoch."""
        super().on_test_epoch_start(trainer, pl_module)
        self.timing, self._images = None, []

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: PoseBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Store the predictions, and one image of each of the first batches to time the model on."""
        super().on_test_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        if len(self._images) < NUM_TIMED:
            self._images.append(batch.images[0].cpu())

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather from all processes, then time the model."""
        super().on_test_epoch_end(trainer, pl_module)
        if self._images and isinstance(pl_module, PoseModule):
            self.timing = measure_inference_time(trainer, pl_module, self._images)
        self._images = []


_LATENCY = "inference_time_p95"


@dataclass(frozen=True, slots=True, eq=False)
class MeanAveragePrecision:
    """COCO's mAP of one model; it ranks predictions over all frames, so that it is no ratio of sums."""

    frames: Sequence[PoseMatches]

    def measure(self, rows: Ints, draw: Resampling) -> tuple[float, Floats]:
        """See `MeasuredSamples`; every resample of matches is ranked anew."""
        ranking = Ranking.build([self.frames[row] for row in rows])
        if not len(rows):
            return float("nan"), np.full(len(draw.weights), np.nan)
        resampled = resampled_precision(ranking, draw.unit_of_row, draw.weights)
        return float(average_precision(ranking).mean()), resampled.mean(axis=1)


def pair_pose_results(champion: PoseResult, challenger: PoseResult) -> PairedEvaluation:
    """Pair two evaluations by mAP with the models' own boxes. Raises SamplesDiffer.

    The times are paired only if both were taken on the same device, with the same threads and precision.
    """
    samples = _samples(champion.outcomes)
    require_same_samples(samples, _samples(challenger.outcomes))
    one, other = (MeanAveragePrecision([o.matches for o in r.outcomes]) for r in (champion, challenger))
    with_persons = np.array([o.truth.is_target.any() for o in champion.outcomes], bool)
    return PairedEvaluation(
        task="pose",
        samples=samples,
        primary=PairedMetric("mAP", "higher", (one, other), with_persons, NUM_RESAMPLES_SLOW),
        latency_ms=_latency(champion, challenger),
    )


def _latency(champion: PoseResult, challenger: PoseResult) -> tuple[Estimate, Estimate] | None:
    one, other = champion.timing, challenger.timing
    if one is None or other is None:
        return None
    conditions = [(timing.device, timing.threads, timing.precision) for timing in (one, other)]
    if conditions[0] != conditions[1]:
        return None
    return champion[_LATENCY], challenger[_LATENCY]


def _samples(outcomes: Sequence[PoseOutcome]) -> list[PairedSample]:
    return [PairedSample(o.ref.key, o.match, o.tags, o.ref.frame.persons) for o in outcomes]
