"""Measure a model on held-out matches, write it down, and show it."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as pl

from raasid.console import out, print_metrics
from raasid.data.ball_data import BallData
from raasid.evaluation.report import write_report
from raasid.evaluation.result import BallResult, evaluate_ball
from raasid.evaluation.validation import BallValidation
from raasid.models.ball.module import BallModule
from raasid.pipeline.environment import environment


def measure(
    trainer: pl.Trainer, model: BallModule, data: BallData, split: str, threshold: float | None = None
) -> BallResult:
    """Look at every frame of a split once, and judge what was found.

    trainer: must carry a `BallValidation`. threshold: None takes the model's own operating point.
    Intervals resample whole matches with a fixed seed: the same detections give the same bytes.
    """
    watcher = next(c for c in trainer.callbacks if isinstance(c, BallValidation))  # type: ignore[attr-defined]
    data.trainer = trainer
    trainer.test(model, data.whole_frames(split), verbose=False)
    operating = model.operating_threshold if threshold is None else threshold
    return evaluate_ball(watcher.frames, watcher.detections, operating)


def publish(result: BallResult, data: BallData, run_dir: Path, title: str, facts: dict[str, str]) -> Path:
    """Write `metrics.json`, `quarantine.json` and `report.html` into the run; returns the report."""
    result.write(run_dir / "metrics.json")
    left_out = data.footage.left_out if data.footage is not None else None
    if left_out:
        left_out.write(run_dir / "quarantine.json")
    config = run_dir / ".hydra" / "config.yaml"
    return write_report(
        run_dir,
        title,
        result,
        metrics_csv=run_dir / "metrics.csv",
        config_yaml=config.read_text() if config.exists() else "",
        left_out=[(item.path, item.reason) for item in left_out or ()],
        facts=facts | environment(),
    )


def show(result: BallResult, data: BallData, run_dir: Path, checkpoint: Path | None, report: Path) -> None:
    """Print the metrics, what was left out, and where everything lies."""
    console = out()
    footage = data.footage
    if footage is not None and footage.left_out:
        console.print(
            f"left out: {footage.left_out.describe()}; listed in {run_dir / 'quarantine.json'}", markup=False
        )
    for note in (*(data.splits.notes if data.splits else ()), *(footage.notes if footage else ())):
        console.print(f"note: {note}", markup=False)
    console.print(
        f"{result.n_frames} held-out frames of {result.n_matches} matches, "
        f"{result.n_visible} with a visible ball, threshold {result.threshold:.3f}\n"
    )
    print_metrics(result.rows())
    lines = {"run": run_dir, "checkpoint": checkpoint, "report": report}
    console.print()
    for name, path in lines.items():
        if path is not None:
            console.print(f"{name:<10} {path}", markup=False)
