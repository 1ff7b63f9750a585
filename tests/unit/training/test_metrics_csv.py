"""`metrics.csv` over kills, new columns and resumed runs."""

from __future__ import annotations

import csv
from pathlib import Path

from raasid.training.metrics_csv import MetricsCsv


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
    log = MetricsCsv(tmp_path / "metrics.csv")
    for step in (10, 20, 30):
        log.log_metrics({"train/loss": float(step)}, step)
    with log.path.open("a") as file:
        file.write(",3")
    resumed = MetricsCsv(log.path)
    resumed.resume_at(20)
    resumed.log_metrics({"train/loss": 31.0}, 30)
    assert [row["step"] for row in rows(log.path)] == ["10", "20", "30"]
    assert rows(log.path)[-1]["train/loss"] == "31.0"


def test_resuming_without_a_file_is_no_error(tmp_path: Path) -> None:
    MetricsCsv(tmp_path / "metrics.csv").resume_at(5)
    assert not (tmp_path / "metrics.csv").exists()
