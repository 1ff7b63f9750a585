"""The samples that a reader rejected, and why; written to `quarantine.json`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from raasid.escaping import printable
from raasid.io.atomic import write_atomic


@dataclass(frozen=True, slots=True)
class RejectedSample:
    """One item that was not used: an image, a label row, a file without its counterpart."""

    path: str
    """Relative to the data root, with forward slashes; printable, see `raasid.escaping`."""
    line: int | None
    """Counted from 1; None: the whole file."""
    reason: str
    """The defect, a colon, and the value seen: `class id not in names: 7; names has 0 to 3`."""

    @property
    def kind(self) -> str:
        """The part of the reason before the colon, the same for all samples with that defect."""
        return self.reason.partition(":")[0]


class Quarantine:
    """A set of rejected samples that iterates in the order of path and line."""

    def __init__(self) -> None:
        self._samples: set[RejectedSample] = set()

    def add(self, path: str, reason: str, line: int | None = None) -> None:
        """Reject a sample; adding it again has no effect. Path and reason are made printable."""
        self._samples.add(RejectedSample(printable(path), line, printable(reason)))

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[RejectedSample]:
        return iter(sorted(self._samples, key=lambda s: (s.path, s.line or 0, s.reason)))

    def summary(self) -> dict[str, int]:
        """Count the samples of each kind, the most frequent first, then by name."""
        counts = Counter(sample.kind for sample in self._samples)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def describe(self, max_kinds: int = 4) -> str:
        """Return the summary in one line (`3 truncated JPEG, 1 zero bytes`); empty without samples."""
        kinds = [f"{count} {kind}" for kind, count in self.summary().items()]
        more = [f"and {len(kinds) - max_kinds} other kinds"] if len(kinds) > max_kinds else []
        return ", ".join(kinds[:max_kinds] + more)

    def write(self, path: Path) -> None:
        """Write all samples as JSON, atomically; equal contents give equal bytes."""
        document = {
            "left_out": len(self),
            "reasons": self.summary(),
            "entries": [asdict(sample) for sample in self],
        }
        write_atomic(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
