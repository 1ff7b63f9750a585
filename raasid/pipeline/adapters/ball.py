"""The ball task for the verbs: where is the ball in a frame?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raasid.datasets.ball.datamodule import build_ball_datamodule
from raasid.datasets.datamodule import TaskDataModule
from raasid.evaluation.ball.report import PAGE
from raasid.evaluation.ball.result import BallResult, BallValidation, evaluate_ball, pair_ball_results
from raasid.evaluation.paired import PairedEvaluation
from raasid.evaluation.report_page import write_report
from raasid.models.ball.module import BallModule
from raasid.monitoring.feature_table import FeatureTable
from raasid.monitoring.prediction_features import ball_features


class BallAdapter:
    """See `TaskAdapter`."""

    def build_datamodule(self, config: Any, paths: Any, seed: int, model: BallModule) -> TaskDataModule:
        """Return crops to train on, whole frames to evaluate on."""
        return build_ball_datamodule(config, paths, seed, model.frames)

    def validation_callback(self) -> BallValidation:
        """Collect the detections in every frame."""
        return BallValidation()

    def compute_metrics(
        self, callback: BallValidation, model: BallModule, data: TaskDataModule, threshold: float | None
    ) -> BallResult:
        """Evaluate the top candidate of every frame at the operating point."""
        operating_point = model.operating_threshold if threshold is None else threshold
        return evaluate_ball(callback.frames, callback.predictions, operating_point)

    def prediction_features(self, callback: BallValidation, data: TaskDataModule) -> FeatureTable:
        """Return the best candidate of every frame."""
        return ball_features(zip(callback.frames, callback.predictions, strict=True))

    def calibrated_answers(self, callback: BallValidation, model: BallModule, data: TaskDataModule) -> None:
        """None: a score is no probability of a hit, and a missed ball has none."""

    def pair_results(self, champion: BallResult, challenger: BallResult) -> PairedEvaluation:
        """Return two evaluations of the same samples, for the gate."""
        return pair_ball_results(champion, challenger)

    def write_report(self, run_dir: Path, title: str, result: BallResult, **content: Any) -> Path:
        """Write RUN/report.html."""
        return write_report(PAGE, run_dir, title, result, **content)

    def inherit_data_config(self, config: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
        """Take over the image size and scale; a size that the user sets is not scaled."""
        scale = trained.get("eval_scale", 1.0) if config.size is None else 1.0
        return {
            "size": config.size or tuple(trained["size"]),
            "eval_scale": scale if config.eval_scale is None else config.eval_scale,
        }


ADAPTER = BallAdapter()
