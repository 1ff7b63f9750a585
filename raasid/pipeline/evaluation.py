"""Measure a model on held-out matches, write it down, and show it.

What a person sees while a model is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from raasid.console.terminal import MetricRow, metric_lines, out, print_metrics, print_table, progress
from raasid.datasets.datamodule import TaskDataModule
from raasid.evaluation.result import EvaluationResult
from raasid.models.module import TaskModule
from raasid.pipeline.adapters.adapter import TaskPlan, plan_of
from raasid.training.lineage import environment


class _Advance(pl.Callback):
    """Tells of every batch that a test has finished."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance

    def on_test_batch_end(self, *_: Any, **__: Any) -> None:
        """One more."""
        self._advance(1)


@contextmanager
def looking(trainer: pl.Trainer, split: str, batches: int) -> Iterator[None]:
    """Show how far a test of the trainer has come; of several processes, in the first."""
    if not trainer.is_global_zero:
        yield
        return
    with progress(f"looking at the {split} split, batches", batches) as advance:
        callback = _Advance(advance)
        trainer.callbacks.append(callback)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            trainer.callbacks.remove(callback)  # type: ignore[attr-defined]


def measure(
    trainer: pl.Trainer, model: TaskModule, data: TaskDataModule, split: str, threshold: float | None = None
) -> EvaluationResult:
    """Look at every sample of a split once, and judge what was found.

    trainer: must carry the task's watcher. threshold: None takes the model's own operating point.
    Intervals resample whole matches with a fixed seed: the same findings give the same bytes.
    """
    plan = plan_of(model)
    kind = type(plan.watcher())
    watcher = next(c for c in trainer.callbacks if isinstance(c, kind))  # type: ignore[attr-defined]
    data.trainer = trainer
    loader = data.held_out(split)
    with looking(trainer, split, len(loader)):
        trainer.test(model, loader, verbose=False)
    return plan.judge(watcher, model, data, threshold)


def publish(
    result: EvaluationResult,
    data: TaskDataModule,
    run_dir: Path,
    plan: TaskPlan,
    title: str,
    facts: dict[str, str],
    beside: tuple[str, EvaluationResult] | None = None,
) -> Path:
    """Write `metrics.json`, `quarantine.json` and `report.html` into the run; returns the report.

    beside: name and result of another model on the same samples; it gets `against.json`.
    """
    result.write(run_dir / "metrics.json")
    if beside is not None:
        beside[1].write(run_dir / "against.json")
    left_out = data.footage.left_out if data.footage is not None else None
    if left_out:
        left_out.write(run_dir / "quarantine.json")
    config = run_dir / ".hydra" / "config.yaml"
    return plan.report(
        run_dir,
        title,
        result,
        metrics_csv=run_dir / "metrics.csv",
        config_yaml=config.read_text() if config.exists() else "",
        left_out=[(item.path, item.reason) for item in left_out or ()],
        facts=facts | environment(),
        beside=beside,
    )


def show_beside(name: str, result: EvaluationResult, other_name: str, other: EvaluationResult) -> None:
    """Print both models' figures in one table, those that decide at its end."""
    theirs = {row[0]: row for row in other.rows()}
    rows = [(row, theirs[row[0]]) for row in result.rows() if row[0] in theirs]
    table = [[mine[0], *_cells(mine), *_cells(its)] for mine, its in rows]
    print_table(["metric", name, "", other_name, ""], table, right=(1, 3))
    out().print()


def _cells(row: MetricRow) -> tuple[str, str]:
    """Value and interval."""
    value, _, interval = metric_lines([row])[0].partition(" ")[2].strip().partition(" ")
    return value, interval


def show(
    result: EvaluationResult, data: TaskDataModule, run_dir: Path, checkpoint: Path | None, report: Path
) -> None:
    """Print the metrics, what was left out, and where everything lies."""
    console = out()
    footage = data.footage
    if footage is not None and footage.left_out:
        console.print(
            f"left out: {footage.left_out.describe()}; listed in {run_dir / 'quarantine.json'}", markup=False
        )
    for note in (*(data.splits.notes if data.splits else ()), *(footage.notes if footage else ())):
        console.print(f"note: {note}", markup=False)
    console.print(f"{result.ground}\n", markup=False)
    print_metrics(result.rows())
    lines = {"run": run_dir, "checkpoint": checkpoint, "report": report}
    console.print()
    for name, path in lines.items():
        if path is not None:
            console.print(f"{name:<10} {path}", markup=False)
