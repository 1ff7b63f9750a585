"""The result of one evaluation of a model: printed, stored as `metrics.json`, reported and compared."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, TypeVar

from raasid.console.terminal import MetricRow
from raasid.errors import UsageError
from raasid.footage.records import Tags
from raasid.io.atomic import write_atomic
from raasid.stats.bootstrap import Estimate
from raasid.tasks import TASKS, TaskName

SliceBy = Literal["tag", "match"]


@dataclass(frozen=True, slots=True)
class Slice:
    """The samples that share a tag or a match."""

    by: SliceBy
    name: str
    counts: dict[str, int]
    """Sample sizes: frames, visible balls, persons, clips; matches last."""
    estimates: dict[str, Estimate]


class Sliceable(Protocol):
    """A frame or clip with its outcome."""

    @property
    def match(self) -> str:
        """The match that it is from."""
        ...

    @property
    def tags(self) -> Tags:
        """Its tags."""
        ...


Sample = TypeVar("Sample", bound=Sliceable)


def compute_slices(
    samples: Sequence[Sample],
    counts: Callable[[Sequence[Sample]], Mapping[str, int]],
    estimate: Callable[[Sequence[Sample]], Mapping[str, Estimate]],
) -> list[Slice]:
    """Compute a slice per tag and per match, sorted by name; a sample is in as many slices as it has tags.

    There are no slices by match if every sample is a match of its own (single images).
    """
    by_match = len({sample.match for sample in samples}) < len(samples)
    parts: dict[tuple[SliceBy, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        if by_match:
            parts["match", sample.match].append(sample)
        for tag in sample.tags:
            parts["tag", tag].append(sample)
    return [
        Slice(by, name, dict(counts(part)), dict(estimate(part)))
        for (by, name), part in sorted(parts.items())
    ]


FORMAT = 2


class ResultUnreadable(UsageError):
    """A metrics file that is missing, truncated, or of another format."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; evaluate the checkpoint again")


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """Metrics of one model on some footage; each task adds what its report draws."""

    task: ClassVar[TaskName]

    estimates: dict[str, Estimate]
    slices: list[Slice] = field(default_factory=list)
    counts: dict[str, int]
    """Sample sizes, as `Slice.counts`."""

    def __getitem__(self, metric: str) -> Estimate:
        """Return the estimate of a metric."""
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
    def description(self) -> str:
        """The evaluated samples, for the line above the figures."""
        return ", ".join(f"{n} {name}" for name, n in self.counts.items())

    def rows(self) -> list[MetricRow]:
        """Return every metric for the terminal, the primary ones last."""
        last = [name for name in reversed(TASKS[self.task].primary_metrics) if name in self.estimates]
        names = [*(name for name in self.estimates if name not in last), *last]
        return [(name, e.value, e.low, e.high) for name in names for e in [self.estimates[name]]]

    def to_json(self) -> str:
        """Serialise all plain values; floats keep every bit, NaN becomes null."""
        tree = {
            "format": FORMAT,
            "task": self.task,
            "counts": self.counts,
            "estimates": {name: asdict(e) for name, e in self.estimates.items()},
            "slices": [asdict(part) for part in self.slices],
            **self.extra_fields(),
        }
        return json.dumps(none_if_nan(tree), indent=1, allow_nan=False) + "\n"

    def extra_fields(self) -> dict[str, Any]:
        """Return the plain values of a subclass, by field name."""
        return {}

    @classmethod
    def parse_extra_fields(cls, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a subclass from what `extra_fields` wrote."""
        return {}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse what `to_json` wrote; raises KeyError, TypeError or ValueError on anything else."""
        tree = json.loads(text)
        if (tree["format"], tree["task"]) != (FORMAT, cls.task):
            raise ValueError(
                f"format {tree['format']} of a {tree['task']} model, not {FORMAT} of a {cls.task} model"
            )
        return cls(
            estimates=parse_estimates(tree["estimates"]),
            slices=[
                Slice(**{**part, "estimates": parse_estimates(part["estimates"])}) for part in tree["slices"]
            ],
            counts=tree["counts"],
            **cls.parse_extra_fields(tree),
        )

    def write(self, path: Path) -> None:
        """Write `metrics.json` atomically. Raises DiskFull."""
        write_atomic(path, self.to_json())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read `metrics.json`; raises ResultUnreadable."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ResultUnreadable(path, "no such file") from error
        except (KeyError, TypeError, ValueError) as error:
            raise ResultUnreadable(path, f"not a result of this program ({error})") from error


def nan_if_none(value: float | None) -> float:
    """Undo `none_if_nan` for one number."""
    return math.nan if value is None else value


def none_if_nan(tree: Any) -> Any:
    """Replace NaN, which JSON does not have, by None in a tree of plain values."""
    if isinstance(tree, dict):
        return {key: none_if_nan(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [none_if_nan(value) for value in tree]
    return None if isinstance(tree, float) and math.isnan(tree) else tree


def parse_estimates(tree: Mapping[str, Mapping[str, Any]]) -> dict[str, Estimate]:
    """Parse estimates; null becomes NaN."""
    return {
        name: Estimate(
            nan_if_none(e["value"]), nan_if_none(e["low"]), nan_if_none(e["high"]), e["n"], e["unit"]
        )
        for name, e in tree.items()
    }
