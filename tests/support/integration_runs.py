"""Finding and reading the runs that a test has started."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

RunCli = Callable[..., subprocess.CompletedProcess[str]]
"""What the fixture `run_cli` gives."""


def only_run(root: Path, verb: str = "train") -> Path:
    """The one run directory below `root`."""
    (run,) = (root / "logs" / verb).iterdir()
    return run


def losses(run: Path) -> list[float]:
    """Every logged training loss."""
    with (run / "metrics.csv").open(newline="") as file:
        return [float(row["train/loss"]) for row in csv.DictReader(file) if row.get("train/loss")]
