"""Metrics of parts of the samples, by tag and by match: where is the model weak?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from raasid.footage.records import Tags
from raasid.stats.bootstrap import Estimate

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
