"""What a reader gives: clips, the splits that the format declares, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from raasid.data.quarantine import Quarantine
from raasid.data.records import Clip


@dataclass(frozen=True, slots=True)
class Footage:
    """One data root, read.

    Every reader fills `clips` in the order of their ids, so that the same folder always reads the same.
    """

    clips: list[Clip]
    splits: dict[str, list[str]] = field(default_factory=dict)
    """Split name (`train`, `val`, `test`) -> clip ids; empty when the format declares none."""
    left_out: Quarantine = field(default_factory=Quarantine)
    notes: tuple[str, ...] = ()
    """What the user should know although nothing is left out, one sentence each."""
