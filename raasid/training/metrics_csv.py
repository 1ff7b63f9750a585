"""Logger of `RUN/metrics.csv`: every logged value, one row per step, complete after any kill."""

from __future__ import annotations

import csv
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from raasid.io.atomic import atomic_path

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
    def resume_at(self, step: int) -> None:
        """Drop the rows of steps after `step`, which will be run again, and a truncated last row."""
        if not self.path.exists():
            return
        with self.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        truncated = [row for row in rows if None in row or None in row.values()]
        complete = [row for row in rows if row not in truncated and row["step"].isdigit()]
        kept = [row for row in complete if int(row["step"]) <= step]
        self.columns = [c for c in (rows[0] if rows else {}) if isinstance(c, str)]
        self._rewrite(kept)

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append one row; values are written with all their digits."""
        row: dict[str, object] = {**metrics, "step": step if step is not None else metrics.get("step", 0)}
        new = [name for name in (*COUNTERS, *row) if name not in self.columns]
        if new or not self.path.exists():
            self._add_columns(new)
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns, restval="").writerow(_formatted(row))

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


def _formatted(row: dict[str, object]) -> dict[str, object]:
    """Counters as integers, other numbers with every digit."""
    formatted: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, int | float):
            formatted[name] = int(value) if name in COUNTERS else repr(float(value))
        else:
            formatted[name] = value
    return formatted
