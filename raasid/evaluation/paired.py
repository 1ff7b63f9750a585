"""Two models on the same samples: what a comparison needs to know of each sample, whichever the task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raasid.errors import UsageError
from raasid.escaping import printable
from raasid.footage.records import Tags
from raasid.stats.bootstrap import NUM_RESAMPLES, Estimate, Ints
from raasid.stats.paired_difference import MeasuredSamples, PairedDifference, paired_difference
from raasid.tasks import TaskName
from raasid.tasks.table import Better


class SamplesDiffer(UsageError):
    """Two evaluations that are not of the same samples, or not by the same labels."""

    def __init__(self, sample: str, what: str) -> None:
        super().__init__(f"{sample}: {what}; evaluate both models on the same split of the same footage")


@dataclass(frozen=True, slots=True)
class PairedSample:
    """One sample that both models were measured on."""

    key: tuple[str | int, ...]
    """Identifies the sample: clip and frame, or clip and source of its tracks."""
    match: str
    tags: Tags
    labels: Any = field(repr=False)
    """What the models are measured by; equal for both."""

    @property
    def name(self) -> str:
        """The sample for messages."""
        return printable(" ".join(map(str, self.key)))


@dataclass(frozen=True, slots=True, eq=False)
class PairedMetric:
    """One metric of both models."""

    name: str
    better: Better
    models: tuple[MeasuredSamples, MeasuredSamples]
    """Champion, challenger."""
    counts: NDArray[np.bool_]
    """(N,) samples that the metric is about; the others leave it unchanged unless a model errs on them."""
    num_resamples: int = NUM_RESAMPLES


@dataclass(frozen=True, eq=False)
class PairedEvaluation:
    """A champion and a challenger on the same N samples."""

    task: TaskName
    samples: Sequence[PairedSample]
    primary: PairedMetric
    others: Mapping[str, PairedMetric] = field(default_factory=dict)
    """Further metrics, by name."""
    latency_ms: tuple[Estimate, Estimate] | None = None
    """95th percentile of champion and challenger, timed under the same conditions; None if they were not."""

    @cached_property
    def matches(self) -> list[str]:
        """(N,) the match of each sample."""
        return [sample.match for sample in self.samples]

    @property
    def test_matches(self) -> list[str]:
        """The matches that the models were measured on, sorted."""
        return sorted(set(self.matches))

    @cached_property
    def test_set_sha256(self) -> str:
        """Identifies the test set: the digest of its samples and their matches, whatever their labels."""
        rows = sorted([*map(str, sample.key), sample.match] for sample in self.samples)
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def tags(self) -> Iterator[tuple[str, Ints]]:
        """Yield each tag and the indices of its samples, by name."""
        rows_of: dict[str, list[int]] = {}
        for row, sample in enumerate(self.samples):
            for tag in sample.tags:
                rows_of.setdefault(tag, []).append(row)
        for tag in sorted(rows_of):
            yield tag, np.array(rows_of[tag], np.int64)

    def difference(self, metric: PairedMetric, rows: Ints | None = None, seed: int = 0) -> PairedDifference:
        """Measure a metric of the challenger minus that of the champion, over some samples or all.

        Matches without any sample that the metric is about are left out, so that they are not counted.
        """
        rows = np.arange(len(self.samples)) if rows is None else rows
        informative = {self.matches[row] for row in rows if metric.counts[row]}
        rows = np.array([row for row in rows if self.matches[row] in informative], np.int64)
        return paired_difference(
            *metric.models, self.matches, rows, seed, metric.num_resamples, metric.counts
        )


def require_same_samples(champion: Sequence[PairedSample], challenger: Sequence[PairedSample]) -> None:
    """Check that two lists, each sorted by key, are of the same samples with the same labels.

    Raises SamplesDiffer, which names the first difference.
    """
    names = {sample.key: sample for sample in (*champion, *challenger)}
    missing = {"champion": names.keys() - {s.key for s in champion}}
    missing["challenger"] = names.keys() - {s.key for s in challenger}
    for model, keys in missing.items():
        if keys:
            raise SamplesDiffer(names[min(keys)].name, f"the {model} was not measured on it")
    for one, other in zip(champion, challenger, strict=True):
        for what in ("match", "tags", "labels"):
            if getattr(one, what) != getattr(other, what):
                raise SamplesDiffer(one.name, f"its {what} differ between champion and challenger")
