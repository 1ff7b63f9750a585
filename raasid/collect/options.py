"""Match, season, competition and camera of a source: as configured, else as its path tells.

What decides the content of a part, and so its name.

The share of one process in a list of sources.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import TypeVar

from raasid.collect.source_discovery import Source
from raasid.errors import UsageError
from raasid.footage.records import Provenance

PARTS = ("match", "season", "competition", "camera")


@dataclass(frozen=True, slots=True)
class Origin:
    """What the user says of all sources, and how paths are read for the rest."""

    match: str | None = None
    season: str | None = None
    competition: str | None = None
    camera: str | None = None
    license: str = "unknown"
    path_pattern: str | None = None
    """Searched in the path, `/` between folders; groups: match, season, competition, camera."""

    def provenance(self, source: Source, annotator: str) -> Provenance:
        """Configured values win over those of the path; a match that nobody names is the file's stem."""
        place = source.place if source.is_stream else PurePath(source.place).as_posix()
        found = re.search(self.path_pattern, place) if self.path_pattern else None
        told = {} if found is None else {k: v for k, v in found.groupdict().items() if v}
        known = {part: getattr(self, part) or told.get(part) for part in PARTS}
        return Provenance(
            source=f"collect:{PurePath(source.name).name}",
            license=self.license,
            annotator=annotator,
            reviewed=False,
            match=known["match"] or PurePath(source.name).stem,
            season=known["season"],
            competition=known["competition"],
            camera=known["camera"],
        )


FORMAT = 1
"""Of a part; raised when the same settings give other frames or annotations."""


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How footage is cut and kept."""

    clip_s: float = 10.0
    """Longest clip, seconds; a clip ends at a change of scene, too."""
    rate_hz: float | None = 5.0
    """Frames kept for each second of footage; None: all."""
    scene_cut: float = 0.5
    """How different two frames must be for a cut, 0 to 1; 1 never cuts."""
    jpeg_quality: int = 95
    duration_s: float = 60.0
    """How much of a stream is taken, seconds."""

    def key(self, content: str, annotator: str, provenance: str) -> str:
        """Name the part that these settings make of some content: 32 hex digits."""
        given = asdict(self)
        del given["duration_s"]  # of streams, where it shows in the content
        told = [FORMAT, content, annotator, provenance, given]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


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
