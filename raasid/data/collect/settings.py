"""What decides the content of a part, and so its name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

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
