"""The ball: where is it in a frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raasid.datasets.ball.datamodule import build_ball_datamodule
from raasid.datasets.datamodule import TaskDataModule
from raasid.evaluation.ball.report import PAGE
from raasid.evaluation.ball.result import BallResult, BallValidation, evaluate_ball
from raasid.evaluation.report_page import write_report
from raasid.models.ball.module import BallModule


class BallPlan:
    """`ball_model`."""

    def data(self, section: Any, paths: Any, seed: int, model: BallModule) -> TaskDataModule:
        """Crops to train on, whole frames to measure on."""
        return build_ball_datamodule(section, paths, seed, model.frames)

    def watcher(self) -> BallValidation:
        """Detections of every frame."""
        return BallValidation()

    def judge(
        self, watcher: BallValidation, model: BallModule, data: TaskDataModule, threshold: float | None
    ) -> BallResult:
        """Judge the top candidate of every frame at the operating point."""
        operating = model.operating_threshold if threshold is None else threshold
        return evaluate_ball(watcher.frames, watcher.detections, operating)

    def report(self, run_dir: Path, title: str, result: BallResult, **rest: Any) -> Path:
        """Write RUN/report.html."""
        return write_report(PAGE, run_dir, title, result, **rest)

    def as_trained(self, asked: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
        """How large the frames are, where the user does not say; a size asked for is meant as it is."""
        scale = trained.get("eval_scale", 1.0) if asked.size is None else 1.0
        return {
            "size": asked.size or tuple(trained["size"]),
            "eval_scale": scale if asked.eval_scale is None else asked.eval_scale,
        }


PLAN = BallPlan()
