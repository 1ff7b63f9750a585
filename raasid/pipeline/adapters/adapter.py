"""What a kind of model is to the verbs: its data, its metrics and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as pl

from raasid.datasets.datamodule import TaskDataModule
from raasid.evaluation.result import EvaluationResult
from raasid.lazy import load_object
from raasid.models.module import TaskModule


class TaskPlan(Protocol):
    """One of the three tasks; `raasid.pipeline.adapters.<name>.PLAN` holds it."""

    def data(self, section: Any, paths: Any, seed: int, model: TaskModule) -> TaskDataModule:
        """Make the datamodule that the `data` section describes; nothing is read yet."""
        ...

    def watcher(self) -> pl.Callback:
        """Make the callback that gathers what a model says in validation and test, and logs metrics."""
        ...

    def judge(
        self, watcher: Any, model: TaskModule, data: TaskDataModule, threshold: float | None
    ) -> EvaluationResult:
        """Judge what the watcher gathered in a test; threshold: None takes the model's own."""
        ...

    def report(
        self,
        run_dir: Path,
        title: str,
        result: Any,
        *,
        metrics_csv: Path | None,
        config_yaml: str,
        left_out: Sequence[tuple[str, str]],
        facts: Mapping[str, str],
        beside: tuple[str, EvaluationResult] | None = None,
    ) -> Path:
        """Write RUN/report.html and return its path. beside: name and result of another model."""
        ...

    def as_trained(self, asked: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
        """Fields of the `data` section that an evaluation takes over from the training."""
        ...


def plan_of(model: TaskModule) -> TaskPlan:
    """The plan of the task that a model is for."""
    plan: TaskPlan = load_object(f"raasid.pipeline.adapters.{model.task}:PLAN")
    return plan
