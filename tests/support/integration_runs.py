"""Finding and reading the runs that a test has started."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RunCli = Callable[..., subprocess.CompletedProcess[str]]
"""Type of the fixtures `run_cli` and `call_cli`."""
SHORT = ("trainer.max_epochs=4", "data.samples_per_epoch=12", "trainer.log_every_n_steps=1")


@dataclass(frozen=True)
class Trained:
    """The training that tests share; they only read it."""

    root: Path

    @property
    def run(self) -> Path:
        """Its run directory."""
        return only_run(self.root)

    @property
    def stdout(self) -> str:
        """Its standard output."""
        return (self.root / "stdout").read_text()


def only_run(root: Path, verb: str = "train") -> Path:
    """The one run directory below `root`."""
    (run,) = (root / "logs" / verb).iterdir()
    return run


def losses(run: Path) -> list[float]:
    """Every logged training loss."""
    with (run / "metrics.csv").open(newline="") as file:
        return [float(row["train/loss"]) for row in csv.DictReader(file) if row.get("train/loss")]
