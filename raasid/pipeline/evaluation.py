"""Evaluate a model on held-out matches, write the results into the run, and print them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
from numpy.typing import NDArray

from raasid.config.section import PathsConfig
from raasid.console.tables import Column, print_table
from raasid.console.terminal import MetricRow, metric_lines, out, print_metrics, progress
from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.source_configs import Data
from raasid.evaluation.prediction_collector import EmbeddingCollector
from raasid.evaluation.result import EvaluationResult
from raasid.models.module import TaskModule
from raasid.pipeline.adapters.adapter import TaskAdapter, task_adapter
from raasid.pipeline.model_refs import NamedModel
from raasid.stats.label_free import CalibratedAnswers
from raasid.training.config import TrainerConfig
from raasid.training.fit import build_trainer
from raasid.training.lineage import environment


@dataclass(frozen=True, slots=True, eq=False)
class SplitPredictions:
    """What a model says about every sample of a split; it needs no labels."""

    model: TaskModule
    data: TaskDataModule
    collected: Any
    """The task's validation callback, with `refs` and `predictions`."""
    embeddings: Mapping[tuple[Any, ...], NDArray[np.float32]] = field(default_factory=dict)
    """Key of a sample -> the model's own embedding (D,); empty for a model that has none."""

    def evaluate(self, threshold: float | None = None) -> EvaluationResult:
        """Compute the metrics. threshold: None uses the model's own operating point.

        Intervals resample whole matches with a fixed seed: the same predictions give the same bytes.
        """
        return task_adapter(self.model).compute_metrics(self.collected, self.model, self.data, threshold)

    def calibrated_answers(self) -> CalibratedAnswers | None:
        """Return the decisions with their probabilities; None if the model has none that are calibrated."""
        return task_adapter(self.model).calibrated_answers(self.collected, self.model, self.data)


def predict_split(
    trainer: pl.Trainer, model: TaskModule, data: TaskDataModule, split: str
) -> SplitPredictions:
    """Predict every sample of a split once. trainer: must have the task's validation callback."""
    kind = type(task_adapter(model).validation_callback())
    callback = next(c for c in trainer.callbacks if isinstance(c, kind))  # type: ignore[attr-defined]
    data.trainer = trainer
    loader = data.eval_dataloader(split)
    embeddings = EmbeddingCollector()
    trainer.callbacks.append(embeddings)  # type: ignore[attr-defined]
    try:
        with _test_progress(trainer, split, len(loader)):
            trainer.test(model, loader, verbose=False)
    finally:
        embeddings.close()
        trainer.callbacks.remove(embeddings)  # type: ignore[attr-defined]
    return SplitPredictions(model, data, callback, embeddings.rows)


def evaluate_model(
    trainer: pl.Trainer, model: TaskModule, data: TaskDataModule, split: str, threshold: float | None = None
) -> EvaluationResult:
    """Predict every sample of a split once, and compute the metrics."""
    return predict_split(trainer, model, data, split).evaluate(threshold)


def build_data(model: NamedModel, data: Data, paths: PathsConfig, seed: int) -> TaskDataModule:
    """Build the datamodule of the given footage, with the model's input made as in its training.

    seed: of the splits where the footage has none of its own; the same for models that are compared.
    """
    adapter = task_adapter(model.module)
    inherited = adapter.inherit_data_config(data, model.trained.get("data", {}))
    return adapter.build_datamodule(data.model_copy(update=inherited), paths, seed, model.module)


def predict_with_named_model(
    model: NamedModel, data: TaskDataModule, trainer: TrainerConfig, split: str, run_dir: Path
) -> SplitPredictions:
    """Predict every sample of a split once. data: from `build_data`."""
    runner = build_trainer(trainer, run_dir, [task_adapter(model.module).validation_callback()])
    return predict_split(runner, model.module, data, split)


def evaluate_named_model(
    model: NamedModel,
    data: Data,
    paths: PathsConfig,
    trainer: TrainerConfig,
    split: str,
    seed: int,
    run_dir: Path,
    threshold: float | None = None,
) -> tuple[EvaluationResult, TaskDataModule]:
    """Evaluate a model on a split of the given footage; see `build_data`."""
    built = build_data(model, data, paths, seed)
    return predict_with_named_model(model, built, trainer, split, run_dir).evaluate(threshold), built


class _BatchCounter(pl.Callback):
    """Advances a progress bar with every test batch."""

    def __init__(self, update: Callable[[int], None]) -> None:
        self._update = update

    def on_test_batch_end(self, *_: Any, **__: Any) -> None:
        """Advance by one batch."""
        self._update(1)


@contextmanager
def _test_progress(trainer: pl.Trainer, split: str, num_batches: int) -> Iterator[None]:
    """Show the progress of the trainer's test, in the first process only."""
    if not trainer.is_global_zero:
        yield
        return
    with progress(f"evaluating the {split} split, batches", num_batches) as update:
        counter = _BatchCounter(update)
        trainer.callbacks.append(counter)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            trainer.callbacks.remove(counter)  # type: ignore[attr-defined]


def write_results(
    result: EvaluationResult,
    data: TaskDataModule,
    run_dir: Path,
    adapter: TaskAdapter,
    title: str,
    facts: dict[str, str],
    baseline: tuple[str, EvaluationResult] | None = None,
) -> Path:
    """Write `metrics.json`, `quarantine.json` and `report.html` into the run; return the report's path.

    baseline: name and result of another model on the same samples; also written to `against.json`.
    """
    result.write(run_dir / "metrics.json")
    if baseline is not None:
        baseline[1].write(run_dir / "against.json")
    quarantine = data.footage.quarantine if data.footage is not None else None
    if quarantine:
        quarantine.write(run_dir / "quarantine.json")
    config = run_dir / ".hydra" / "config.yaml"
    return adapter.write_report(
        run_dir,
        title,
        result,
        metrics_csv=run_dir / "metrics.csv",
        config_yaml=config.read_text() if config.exists() else "",
        left_out=[(entry.path, entry.reason) for entry in quarantine or ()],
        facts=facts | environment(),
        baseline=baseline,
    )


def print_comparison(
    name: str, result: EvaluationResult, baseline_name: str, baseline: EvaluationResult
) -> None:
    """Print the metrics of both models in one table, the primary ones last."""
    baseline_rows = {row[0]: row for row in baseline.rows()}
    pairs = [(row, baseline_rows[row[0]]) for row in result.rows() if row[0] in baseline_rows]
    table = [[row[0], *_cells(row), *_cells(baseline_row)] for row, baseline_row in pairs]
    columns: list[Column | str] = [
        "metric",
        Column(name, right=True),
        "",
        Column(baseline_name, right=True),
        "",
    ]
    print_table(columns, table)
    out().print()


def _cells(row: MetricRow) -> tuple[str, str]:
    """Return value and interval as text."""
    value, _, interval = metric_lines([row])[0].partition(" ")[2].strip().partition(" ")
    return value, interval


def print_results(
    result: EvaluationResult, data: TaskDataModule, run_dir: Path, checkpoint: Path | None, report: Path
) -> None:
    """Print the metrics, what was left out, and where the files are."""
    console = out()
    footage = data.footage
    if footage is not None and footage.quarantine:
        quarantine = run_dir / "quarantine.json"
        console.print(f"left out: {footage.quarantine.describe()}; listed in {quarantine}", markup=False)
    for note in (*(data.splits.notes if data.splits else ()), *(footage.notes if footage else ())):
        console.print(f"note: {note}", markup=False)
    console.print(f"{result.description}\n", markup=False)
    print_metrics(result.rows())
    console.print()
    for name, path in {"run": run_dir, "checkpoint": checkpoint, "report": report}.items():
        if path is not None:
            console.print(f"{name:<10} {path}", markup=False)
