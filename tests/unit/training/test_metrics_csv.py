"""`metrics.csv` over kills, new columns and resumed runs."""

from __future__ import annotations

import csv
from pathlib import Path

from raasid.training.metrics_csv import MetricsCsv, last_value


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_values_keep_every_bit_and_new_columns_keep_old_rows(tmp_path: Path) -> None:
    log = MetricsCsv(tmp_path / "metrics.csv")
    log.log_metrics({"train/loss": 1 / 3, "epoch": 0.0}, 1)
    log.log_metrics({"val/ap": 0.1 + 0.2}, 2)
    first, second = rows(log.path)
    assert float(first["train/loss"]) == 1 / 3
    assert first["epoch"] == "0"
    assert first["val/ap"] == ""
    assert float(second["val/ap"]) == 0.1 + 0.2
    assert second["step"] == "2"


def test_a_resumed_run_drops_rows_that_it_logs_again_and_a_truncated_last_row(tmp_path: Path) -> None:
    """Rows are numbered from 0: after 20 steps the next one is number 20."""
    log = MetricsCsv(tmp_path / "metrics.csv")
    for step in (9, 19, 20, 29):
        log.log_metrics({"train/loss": float(step)}, step)
    with log.path.open("a") as file:
        file.write(",3")
    resumed = MetricsCsv(log.path)
    resumed.resume_at(20)
    assert [row["step"] for row in rows(log.path)] == ["9", "19"]
    resumed.log_metrics({"train/loss": 21.0}, 20)
    assert [row["step"] for row in rows(log.path)] == ["9", "19", "20"]
    assert rows(log.path)[-1]["train/loss"] == "21.0"


def test_a_repeated_validation_replaces_its_row(tmp_path: Path) -> None:
    log = MetricsCsv(tmp_path / "metrics.csv")
    for step in (9, 19):
        log.log_metrics({"train/loss": float(step)}, step)
        log.log_metrics({"val/ap": 0.5}, step)
    MetricsCsv(log.path).resume_at(20, validation_due=True)
    assert [(row["step"], row["val/ap"]) for row in rows(log.path)] == [("9", ""), ("9", "0.5"), ("19", "")]


def test_a_step_that_a_checkpoint_had_logged_early_has_one_row(tmp_path: Path) -> None:
    log = MetricsCsv(tmp_path / "metrics.csv")
    log.log_metrics({"train/loss": 1.0}, 0)
    log.log_metrics({"train/loss": 1.0}, 0)
    assert len(rows(log.path)) == 1


def test_the_last_value_of_a_metric_is_read_back(tmp_path: Path) -> None:
    log = MetricsCsv(tmp_path / "metrics.csv")
    assert last_value(log.path, "val/ap") is None
    log.log_metrics({"val/ap": 0.1 + 0.2}, 0)
    log.log_metrics({"train/loss": 1.0}, 1)
    assert last_value(log.path, "val/ap") == 0.1 + 0.2
    assert last_value(log.path, "val/f1") is None


def test_resuming_without_a_file_is_no_error(tmp_path: Path) -> None:
    MetricsCsv(tmp_path / "metrics.csv").resume_at(5)
    assert not (tmp_path / "metrics.csv").exists()
