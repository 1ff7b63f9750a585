"""One evaluation of a pose model.

Pose metrics while a model trains, and the people of an epoch for whoever reports on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import lightning.pytorch as pl
from torch import Tensor

from raasid.datasets.pose.batch import PoseBatch
from raasid.datasets.sample_meta import FrameRef
from raasid.evaluation.pose.average_precision import Ranking, average_precision
from raasid.evaluation.pose.estimates import count_people, estimate_pose, pose_slices
from raasid.evaluation.pose.ground_truth import Truth
from raasid.evaluation.pose.matched import PoseOutcome, judge_people
from raasid.evaluation.pose.matching import match_people
from raasid.evaluation.pose.timing import TIMED, Timing, time_frames
from raasid.evaluation.prediction_collector import FrameGathering
from raasid.evaluation.result import Result
from raasid.models.pose.module import PoseModule
from raasid.models.pose.poses import People
from raasid.tasks import TaskName


@dataclass(frozen=True, kw_only=True)
class PoseResult(Result):
    """Metrics of a pose model on some frames."""

    task: ClassVar[TaskName] = "pose"

    timing: Timing | None = None
    outcomes: list[PoseOutcome] = field(default_factory=list, repr=False)
    """By clip and frame; empty in a result that was read back, which holds no pictures."""

    @property
    def ground(self) -> str:
        """What was looked at, and what the times hold for."""
        counts = self.counts
        looked = (
            f"{counts['frames']} held-out frames of {counts['matches']} matches, "
            f"{counts['persons']} persons with labelled joints"
        )
        return looked if self.timing is None else f"{looked}; inference_time in ms: {self.timing.conditions}"

    def more(self) -> dict[str, Any]:
        """Times."""
        return {"timing": None if self.timing is None else self.timing.plain()}

    @classmethod
    def read_more(cls, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Times."""
        return {"timing": None if tree["timing"] is None else Timing.read(tree["timing"])}


def evaluate_pose(
    refs: Sequence[FrameRef],
    own: Sequence[People],
    at_truth: Sequence[People],
    timing: Timing | None = None,
    seed: int = 0,
) -> PoseResult:
    """Judge people in frames; the order of the frames makes no difference.

    own: with the model's own boxes. at_truth: with the annotated ones, in their order.
    """
    frames = sorted(zip(refs, own, at_truth, strict=True), key=lambda frame: frame[0].key)
    outcomes = judge_people(*(list(column) for column in zip(*frames, strict=True))) if frames else []
    times = {} if timing is None else timing.estimates(seed)
    return PoseResult(
        estimates={**estimate_pose(outcomes, seed), **times},
        slices=pose_slices(outcomes, seed),
        counts=count_people(outcomes),
        timing=timing,
        outcomes=outcomes,
    )


Twice = tuple[People, People]
"""Found with the model's own boxes, and read at the annotated ones."""


class PoseValidation(FrameGathering[Twice]):
    """Gathers the people of every frame, and logs `val/ap` and `val/ap50`, with the model's own boxes.

    `val/ap_at_truth` is the same with the annotated boxes: what the joints alone are worth. A test also
    times the model on some of its pictures.
    """

    def __init__(self) -> None:
        super().__init__()
        self.timing: Timing | None = None
        """Of the last finished test."""
        self._pictures: list[Tensor] = []

    def read(self, outputs: Any) -> Iterable[tuple[FrameRef, Twice]]:
        """`frames`, `people` and `at_truth`, one for one."""
        return (
            (ref, (own, at))
            for ref, own, at in zip(outputs["frames"], outputs["people"], outputs["at_truth"], strict=True)
        )

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics; every process gets the same."""
        if not isinstance(pl_module, PoseModule):
            raise TypeError(f"PoseValidation watches pose models, not {type(pl_module).__name__}")
        truths = [Truth.of(ref.frame.persons) for ref in self.frames]
        own, at = (
            average_precision(
                Ranking.of(
                    [match_people(found[k], truth) for found, truth in zip(self.said, truths, strict=True)]
                )
            )
            for k in (0, 1)
        )
        logged = {"val/ap": own.mean(), "val/ap50": own[0], "val/ap_at_truth": at.mean()}
        for name, value in logged.items():
            # Gathered already: the value is the whole epoch's in every process.
            pl_module.log(name, float(value), sync_dist=False, rank_zero_only=False)

    def on_test_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget the last epoch."""
        super().on_test_epoch_start(trainer, pl_module)
        self.timing, self._pictures = None, []

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: PoseBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what the step found, and one picture of each of the first batches to time the model on."""
        super().on_test_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        if len(self._pictures) < TIMED:
            self._pictures.append(batch.images[0].cpu())

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather; then time the model."""
        super().on_test_epoch_end(trainer, pl_module)
        if self._pictures and isinstance(pl_module, PoseModule):
            self.timing = time_frames(trainer, pl_module, self._pictures)
        self._pictures = []
