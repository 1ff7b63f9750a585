"""What a check is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from raasid.data.checks.finding import Finding
from raasid.data.checks.sight import Sight
from raasid.data.checks.thresholds import Thresholds
from raasid.data.records import Clip


@dataclass(frozen=True, slots=True)
class Subject:
    """Footage under examination."""

    clips: Sequence[Clip]
    sight: Sight
    splits: Mapping[str, Sequence[str]]
    """Split name -> clip ids; empty when there is no way to split."""
    thresholds: Thresholds


class Check(Protocol):
    """Yields what it finds, in the order of clips and frames."""

    def __call__(self, subject: Subject) -> Iterator[Finding]:
        """Examine the footage."""
        ...
