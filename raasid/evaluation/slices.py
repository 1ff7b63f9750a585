"""The same metrics for parts of what was judged: where is the model weak?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from raasid.footage.records import Tags
from raasid.stats.bootstrap import Estimate

By = Literal["tag", "match"]


@dataclass(frozen=True, slots=True)
class Slice:
    """What was judged and shares a tag or a match."""

    by: By
    name: str
    counts: dict[str, int]
    """What its figures stand on: frames, visible balls, persons, clips; matches last."""
    estimates: dict[str, Estimate]


class Judged(Protocol):
    """One thing with a verdict: a frame, a person, a clip."""

    @property
    def match(self) -> str:
        """The match that it is from."""
        ...

    @property
    def tags(self) -> Tags:
        """What is special about it."""
        ...


Item = TypeVar("Item", bound=Judged)


def slices(
    items: Sequence[Item],
    counts: Callable[[Sequence[Item]], Mapping[str, int]],
    estimate: Callable[[Sequence[Item]], Mapping[str, Estimate]],
) -> list[Slice]:
    """A slice per tag and per match, by name; an item is in as many slices as it has tags.

    Where every item is a match of its own (single pictures), matches are no slices.
    """
    by_match = len({item.match for item in items}) < len(items)
    parts: dict[tuple[By, str], list[Item]] = defaultdict(list)
    for item in items:
        if by_match:
            parts["match", item.match].append(item)
        for tag in item.tags:
            parts["tag", tag].append(item)
    return [
        Slice(by, name, dict(counts(part)), dict(estimate(part)))
        for (by, name), part in sorted(parts.items())
    ]
