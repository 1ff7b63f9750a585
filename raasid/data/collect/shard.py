"""The share of one process in a list of sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from raasid.errors import UsageError

Item = TypeVar("Item")
PATTERN = r"\d+/[1-9]\d*"


@dataclass(frozen=True, slots=True)
class Shard:
    """Process `index` of `count`, counted from 0, as SLURM counts the tasks of `--array=0-7`."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `i/n`; raises UsageError."""
        if re.fullmatch(PATTERN, text):
            index, count = map(int, text.split("/"))
            if index < count:
                return cls(index, count)
        raise UsageError(f"collect.shard: expected i/n with i from 0 to n - 1, such as 0/8, got {text!r}")

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return every n-th item."""
        return items[self.index :: self.count]
