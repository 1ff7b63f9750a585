"""Which section describes a part of the tree: the choice by `_target_`, `kind` or `format`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KNOWN_TARGETS: set[str] = set()
"""Classes whose arguments have a schema of their own."""

FOREIGN = "<foreign>"
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


@dataclass(frozen=True)
class TagBy:
    """Names the branch of a union by the value of one key; None when the key is not there.

    Tags stand in angle brackets, so that they can be told from keys in an error's location.
    """

    key: str

    def of(self, value: Any) -> str | None:
        """Return the tag that a raw mapping, or a section already made, asks for."""
        if isinstance(value, Mapping):
            chosen = value.get(self.key)
        else:
            chosen = getattr(value, self.key.strip("_"), None)
        return None if chosen is None else self.tag(str(chosen))

    def tag(self, chosen: str) -> str:
        """Return the tag of a value."""
        return f"<{chosen}>"


class TagByTarget(TagBy):
    """As `TagBy`, with a branch for classes that are not ours.

    A class of ours that does not exist gets a tag that no branch has.
    """

    def tag(self, chosen: str) -> str:
        """Return the class's own tag, or the one for foreign classes."""
        ours = chosen in KNOWN_TARGETS or chosen.startswith("raasid.")
        return f"<{chosen}>" if ours or not _DOTTED.fullmatch(chosen) else FOREIGN


BY_TARGET = TagByTarget("_target_")
