"""The pose task for the verbs: where is each player, and where are the joints?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.pose.datamodule import build_pose_datamodule
from raasid.errors import UsageError
from raasid.evaluation.paired import PairedEvaluation
from raasid.evaluation.pose.report import PAGE
from raasid.evaluation.pose.result import PoseResult, PoseValidation, evaluate_pose, pair_pose_results
from raasid.evaluation.report_page import write_report
from raasid.models.pose.module import PoseModule
from raasid.monitoring.feature_table import FeatureTable
from raasid.monitoring.prediction_features import pose_features


class PoseAdapter:
    """See `TaskAdapter`."""

    def build_datamodule(self, config: Any, paths: Any, seed: int, model: PoseModule) -> TaskDataModule:
        """Return crops of players to train on, whole frames to evaluate on."""
        return build_pose_datamodule(config, paths, seed, model.crop)

    def validation_callback(self) -> PoseValidation:
        """Collect the people in every frame, with the model's own boxes and with the annotated ones."""
        return PoseValidation()

    def compute_metrics(
        self, callback: PoseValidation, model: PoseModule, data: TaskDataModule, threshold: float | None
    ) -> PoseResult:
        """Evaluate all predicted people; threshold: drop those with a lower score."""
        own, at_truth = ([people[k] for people in callback.predictions] for k in (0, 1))
        if threshold is not None:
            own = [people.with_min_score(threshold) for people in own]
        return evaluate_pose(callback.frames, own, at_truth, callback.timing)

    def prediction_features(self, callback: PoseValidation, data: TaskDataModule) -> FeatureTable:
        """Return what is found in every frame, with the model's own boxes."""
        pairs = zip(callback.frames, callback.predictions, strict=True)
        return pose_features((ref, own) for ref, (own, _) in pairs)

    def calibrated_answers(self, callback: PoseValidation, model: PoseModule, data: TaskDataModule) -> None:
        """None: a score is no probability of being right, and missed people have none."""

    def pair_results(self, champion: PoseResult, challenger: PoseResult) -> PairedEvaluation:
        """Return two evaluations of the same samples, for the gate."""
        return pair_pose_results(champion, challenger)

    def write_report(self, run_dir: Path, title: str, result: PoseResult, **content: Any) -> Path:
        """Write RUN/report.html."""
        return write_report(PAGE, run_dir, title, result, **content)

    def inherit_data_config(self, config: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
        """Take over the image size and scale; a size that the user sets is not scaled."""
        if config.size is None and not trained:
            raise UsageError(
                "data.size: a model that was not trained brings no size; set one, such as data.size=[640,360]"
            )
        scale = trained.get("eval_scale", 1.0) if config.size is None else 1.0
        return {
            "size": config.size or tuple(trained["size"]),
            "eval_scale": scale if config.eval_scale is None else config.eval_scale,
        }


ADAPTER = PoseAdapter()
