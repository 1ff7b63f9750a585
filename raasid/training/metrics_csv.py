"""Logger of `RUN/metrics.csv`: every logged value, one row per step, complete after any kill."""

from __future__ import annotations

import csv
import io
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from raasid.io.atomic import append, atomic_path

COUNTERS = ("epoch", "step")


class MetricsCsv(Logger):
    """A logger that appends to one file, also in a resumed run.

    Lightning's CSVLogger deletes an existing file, and with it the first part of a resumed run.
    Rows are flushed immediately. A new column rewrites the file atomically.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.columns: list[str] = []
        self._last: dict[str, object] = {}

    @property
    def name(self) -> str:
        """The file's stem."""
        return self.path.stem

    @property
    def version(self) -> str:
        """Empty: a run has one file."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Do nothing: the configuration is in `.hydra/`."""

    @rank_zero_only
    def resume_at(self, step: int, validation_due: bool = False) -> None:
        """Drop the rows that will be logged again, and a truncated last row.

        step: the number of steps that were taken, which is that of the next row. validation_due: whether the
        validation after the last of them is repeated.
        """
        if not self.path.exists():
            return
        with self.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        truncated = [row for row in rows if None in row or None in row.values()]
        complete = [row for row in rows if row not in truncated and row["step"].isdigit()]
        kept = [
            row
            for row in complete
            if int(row["step"]) < step
            and not (validation_due and int(row["step"]) == step - 1 and _is_of_validation(row))
        ]
        self.columns = [c for c in (rows[0] if rows else {}) if isinstance(c, str)]
        self._rewrite(kept)

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append one row; values are written with all their digits."""
        row: dict[str, object] = {**metrics, "step": step if step is not None else metrics.get("step", 0)}
        if row == self._last:  # a checkpoint had the step logged before it was saved
            return
        self._last = row
        new = [name for name in (*COUNTERS, *row) if name not in self.columns]
        if new or not self.path.exists():
            self._add_columns(new)
        line = io.StringIO(newline="")
        csv.DictWriter(line, self.columns, restval="").writerow(_formatted(row))
        append(self.path, line.getvalue())

    def _add_columns(self, new: list[str]) -> None:
        rows: list[dict[str, str]] = []
        if self.path.exists() and self.columns:
            with self.path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        self.columns += list(dict.fromkeys(new))
        self._rewrite(rows)

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        with atomic_path(self.path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


def last_value(path: Path, column: str) -> float | None:
    """Return the value that a metric was logged with last; None if it never was."""
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        values = [row[column] for row in csv.DictReader(file) if row.get(column)]
    return float(values[-1]) if values else None


def _is_of_validation(row: dict[str, str]) -> bool:
    return any(value and name.startswith("val/") for name, value in row.items())


def _formatted(row: dict[str, object]) -> dict[str, object]:
    """Counters as integers, other numbers with every digit."""
    formatted: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, int | float):
            formatted[name] = int(value) if name in COUNTERS else repr(float(value))
        else:
            formatted[name] = value
    return formatted
