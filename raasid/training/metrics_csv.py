"""`RUN/metrics.csv`: every logged value, one row a step, complete after any kill."""

from __future__ import annotations

import csv
import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

COUNTERS = ("epoch", "step")


class MetricsCsv(Logger):
    """A logger that appends to one file and can take up where a killed run stopped.

    Lightning's CSVLogger deletes an existing file, which loses the first part of a resumed run.
    Rows are flushed as they come. A new column rewrites the file under a temporary name.
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
        """A run has one."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """The configuration lies in `.hydra/`; there is nothing to repeat here."""

    @rank_zero_only
    def resume_at(self, step: int) -> None:
        """Forget rows of steps that will be run again, and a last row that a kill tore."""
        if not self.path.exists():
            return
        with self.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        torn = [row for row in rows if None in row or None in row.values()]
        whole = [row for row in rows if row not in torn and row["step"].isdigit()]
        kept = [row for row in whole if int(row["step"]) <= step]
        self.columns = [c for c in (rows[0] if rows else {}) if isinstance(c, str)]
        self._rewrite(kept)

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append one row; values are written with all their digits."""
        row: dict[str, object] = {**metrics, "step": step if step is not None else metrics.get("step", 0)}
        new = [name for name in (*COUNTERS, *row) if name not in self.columns]
        if new or not self.path.exists():
            self._widen(new)
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns, restval="").writerow(_plain(row))

    def _widen(self, new: list[str]) -> None:
        rows: list[dict[str, str]] = []
        if self.path.exists() and self.columns:
            with self.path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        self.columns += list(dict.fromkeys(new))
        self._rewrite(rows)

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        partial.replace(self.path)


def _plain(row: dict[str, object]) -> dict[str, object]:
    """Counters as integers, other numbers with every digit."""
    plain: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, int | float):
            plain[name] = int(value) if name in COUNTERS else repr(float(value))
        else:
            plain[name] = value
    return plain
