"""The interface between the verbs and the three tasks: datamodule, validation callback, metrics, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as pl

from raasid.datasets.datamodule import TaskDataModule
from raasid.evaluation.paired import PairedEvaluation
from raasid.evaluation.result import EvaluationResult
from raasid.lazy import load_object
from raasid.models.module import TaskModule
from raasid.monitoring.feature_table import FeatureTable
from raasid.stats.label_free import CalibratedAnswers


def task_adapter(model: TaskModule) -> TaskAdapter:
    """Return the adapter of the task that a model is for: `raasid.pipeline.adapters.<task>.ADAPTER`."""
    adapter: TaskAdapter = load_object(f"raasid.pipeline.adapters.{model.task}:ADAPTER")
    return adapter


class TaskAdapter(Protocol):
    """Ties one task to its data, metrics and report."""

    def build_datamodule(self, config: Any, paths: Any, seed: int, model: TaskModule) -> TaskDataModule:
        """Build the datamodule that the `data` section describes; nothing is read yet."""
        ...

    def validation_callback(self) -> pl.Callback:
        """Build the callback that collects predictions in validation and test, and logs metrics."""
        ...

    def compute_metrics(
        self, callback: Any, model: TaskModule, data: TaskDataModule, threshold: float | None
    ) -> EvaluationResult:
        """Evaluate the predictions that the callback collected in a test.

        threshold: None uses the model's own operating point.
        """
        ...

    def prediction_features(self, callback: Any, data: Any) -> FeatureTable:
        """Return features of the predictions that the callback collected, for drift checks."""
        ...

    def calibrated_answers(self, callback: Any, model: Any, data: Any) -> CalibratedAnswers | None:
        """Return the decisions that the callback collected, with their probabilities; needs no labels.

        None if the model's scores are no calibrated probabilities of being right.
        """
        ...

    def pair_results(self, champion: Any, challenger: Any) -> PairedEvaluation:
        """Return two evaluations of the same samples, for the gate. Raises SamplesDiffer."""
        ...

    def write_report(
        self,
        run_dir: Path,
        title: str,
        result: Any,
        *,
        metrics_csv: Path | None,
        config_yaml: str,
        left_out: Sequence[tuple[str, str]],
        facts: Mapping[str, str],
        baseline: tuple[str, EvaluationResult] | None = None,
    ) -> Path:
        """Write RUN/report.html and return its path. baseline: name and result of a baseline model."""
        ...

    def inherit_data_config(self, config: Any, trained: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of the `data` section that an evaluation takes over from the training.

        config: the section of the evaluation; what it sets wins. trained: the recorded section.
        """
        ...
