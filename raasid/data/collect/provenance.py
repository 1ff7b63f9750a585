"""Match, season, competition and camera of a source: as configured, else as its path tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from raasid.data.collect.listing import Source
from raasid.data.records import Provenance

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
