"""Players: where is each, and where are the joints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.pose.datamodule import build_pose_datamodule
from raasid.errors import UsageError
from raasid.evaluation.pose.report import PAGE
from raasid.evaluation.pose.result import PoseResult, PoseValidation, evaluate_pose
from raasid.evaluation.report_page import write_report
from raasid.models.pose.module import PoseModule


class PosePlan:
    """`pose_model`."""

    def data(self, section: Any, paths: Any, seed: int, model: PoseModule) -> TaskDataModule:
        """Players to train on, whole frames to measure on."""
        return build_pose_datamodule(section, paths, seed, model.crop)

    def watcher(self) -> PoseValidation:
        """People of every frame, with the model's own boxes and with the annotated ones."""
        return PoseValidation()

    def judge(
        self, watcher: PoseValidation, model: PoseModule, data: TaskDataModule, threshold: float | None
    ) -> PoseResult:
        """Judge everybody who was said; threshold: leave those out whose score is lower."""
        own, at_truth = ([twice[k] for twice in watcher.said] for k in (0, 1))
        if threshold is not None:
            own = [people.with_min_score(threshold) for people in own]
        return evaluate_pose(watcher.frames, own, at_truth, watcher.timing)

    def report(self, run_dir: Path, title: str, result: PoseResult, **rest: Any) -> Path:
        """Write RUN/report.html."""
        return write_report(PAGE, run_dir, title, result, **rest)

    def as_trained(self, asked: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
        """How large the frames are, where the user does not say; a size asked for is meant as it is."""
        if asked.size is None and not trained:
            raise UsageError(
                "data.size: a model that was not trained brings no size; say one, such as data.size=[640,360]"
            )
        scale = trained.get("eval_scale", 1.0) if asked.size is None else 1.0
        return {
            "size": asked.size or tuple(trained["size"]),
            "eval_scale": scale if asked.eval_scale is None else asked.eval_scale,
        }


PLAN = PosePlan()
