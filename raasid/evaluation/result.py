"""One evaluation of a model: what is printed, stored, reported and later compared."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from raasid.console.terminal import MetricRow
from raasid.errors import UsageError
from raasid.evaluation.slices import Slice
from raasid.stats.bootstrap import Estimate
from raasid.tasks import TASKS, TaskName

FORMAT = 2


class ResultUnreadable(UsageError):
    """A metrics file that is missing, torn, or of another format."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; evaluate the checkpoint again")


@dataclass(frozen=True, kw_only=True)
class Result:
    """Metrics of one model on some footage; each kind of model adds what its report draws."""

    task: ClassVar[TaskName]

    estimates: dict[str, Estimate]
    slices: list[Slice] = field(default_factory=list)
    counts: dict[str, int]
    """What the figures stand on, as `Slice.counts`."""

    def __getitem__(self, metric: str) -> Estimate:
        """The estimate of a metric."""
        return self.estimates[metric]

    @property
    def primary(self) -> Estimate:
        """The estimate of the task's primary metric."""
        return self.estimates[TASKS[self.task].primary_metric]

    @property
    def score(self) -> float:
        """The value of the task's primary metric."""
        return self.primary.value

    @property
    def ground(self) -> str:
        """What was looked at, for the line above the figures."""
        return ", ".join(f"{n} {name}" for name, n in self.counts.items())

    def rows(self) -> list[MetricRow]:
        """Every metric for the terminal, the primary ones last."""
        last = [name for name in reversed(TASKS[self.task].primary_metrics) if name in self.estimates]
        names = [*(name for name in self.estimates if name not in last), *last]
        return [(name, e.value, e.low, e.high) for name in names for e in [self.estimates[name]]]

    def to_json(self) -> str:
        """Everything that is plain values; floats keep every bit, NaN is null."""
        tree = {
            "format": FORMAT,
            "task": self.task,
            "counts": self.counts,
            "estimates": {name: asdict(e) for name, e in self.estimates.items()},
            "slices": [asdict(part) for part in self.slices],
            **self.more(),
        }
        return json.dumps(without_nan(tree), indent=1, allow_nan=False) + "\n"

    def more(self) -> dict[str, Any]:
        """Plain values beyond the common ones, by the names of the fields that they fill."""
        return {}

    @classmethod
    def read_more(cls, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Fields from what `more` wrote."""
        return {}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
        tree = json.loads(text)
        if (tree["format"], tree["task"]) != (FORMAT, cls.task):
            raise ValueError(
                f"format {tree['format']} of a {tree['task']} model, not {FORMAT} of a {cls.task} model"
            )
        return cls(
            estimates=read_estimates(tree["estimates"]),
            slices=[
                Slice(**{**part, "estimates": read_estimates(part["estimates"])}) for part in tree["slices"]
            ],
            counts=tree["counts"],
            **cls.read_more(tree),
        )

    def write(self, path: Path) -> None:
        """Write `metrics.json`."""
        path.write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read `metrics.json`; raises ResultUnreadable."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ResultUnreadable(path, "no such file") from error
        except (KeyError, TypeError, ValueError) as error:
            raise ResultUnreadable(path, f"not a result of this program ({error})") from error


def number_or_nan(value: float | None) -> float:
    """Undo `without_nan` for one number."""
    return math.nan if value is None else value


def without_nan(tree: Any) -> Any:
    """The tree with null for NaN, which JSON does not have."""
    if isinstance(tree, dict):
        return {key: without_nan(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [without_nan(value) for value in tree]
    return None if isinstance(tree, float) and math.isnan(tree) else tree


def read_estimates(tree: Mapping[str, Mapping[str, Any]]) -> dict[str, Estimate]:
    """Estimates from their plain values; null is NaN."""
    return {
        name: Estimate(
            number_or_nan(e["value"]), number_or_nan(e["low"]), number_or_nan(e["high"]), e["n"], e["unit"]
        )
        for name, e in tree.items()
    }
