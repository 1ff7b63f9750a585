"""One evaluation of a pose model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from raasid.data.frame_ref import FrameRef
from raasid.evaluation.pose.estimates import count_people, estimate_pose, pose_slices
from raasid.evaluation.pose.outcomes import PoseOutcome, judge_people
from raasid.evaluation.pose.timing import Timing
from raasid.evaluation.result import Result
from raasid.models.pose.people import People


@dataclass(frozen=True, kw_only=True)
class PoseResult(Result):
    """Metrics of a pose model on some frames."""

    task: ClassVar[str] = "pose"
    decisive: ClassVar[tuple[str, ...]] = ("mAP", "AP50")

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
