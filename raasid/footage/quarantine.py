"""What a reader left out, and why: the list behind `quarantine.json`."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RejectedSample:
    """One thing that was not used: an image, a label row, a file without a partner."""

    path: str
    """Relative to the data root, with forward slashes."""
    line: int | None
    """Counted from 1; None when the whole file is meant."""
    reason: str
    """What is wrong, a colon, and the value seen: `class id not in names: 7; names has 0 to 3`."""

    @property
    def kind(self) -> str:
        """The part of the reason that is the same for all cases of its sort."""
        return self.reason.partition(":")[0]


class Quarantine:
    """Collects `RejectedSample` entries; iterates over them in the order of path and line."""

    def __init__(self) -> None:
        self._entries: set[RejectedSample] = set()

    def add(self, path: str, reason: str, line: int | None = None) -> None:
        """Note one thing that is left out; saying it twice counts once."""
        self._entries.add(RejectedSample(path, line, reason))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[RejectedSample]:
        return iter(sorted(self._entries, key=lambda e: (e.path, e.line or 0, e.reason)))

    def summary(self) -> dict[str, int]:
        """Count per kind of reason, the most frequent first, then by name."""
        counts = Counter(entry.kind for entry in self._entries)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def describe(self, most: int = 4) -> str:
        """Return the summary in one line: `3 truncated JPEG, 1 zero bytes`; empty when there is none."""
        kinds = [f"{count} {kind}" for kind, count in self.summary().items()]
        more = [f"and {len(kinds) - most} other kinds"] if len(kinds) > most else []
        return ", ".join(kinds[:most] + more)

    def write(self, path: Path) -> None:
        """Write all entries as JSON, whole or not at all; equal contents give equal bytes."""
        document = {
            "left_out": len(self),
            "reasons": self.summary(),
            "entries": [asdict(entry) for entry in self],
        }
        # A file name need not be UTF-8; its odd bytes become \udcXX escapes, which JSON can hold.
        text = json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = path.with_name(f".{path.name}.{os.getpid()}")
        with torn.open("wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        torn.replace(path)
