"""Settings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from raasid.tracks.ball_path import FlightRules


@dataclass(frozen=True, slots=True)
class PerceptionSettings:
    """How sure one must be, and how long nothing may be seen."""

    person_sure: float = 0.25
    """Score from which somebody begins a track; of 0.15 to 0.4 the best IDF1 on the synthetic league."""
    person_unsure: float = 0.1
    """Score from which somebody may continue one."""
    joint_seen: float = 0.5
    """Confidence from which a joint counts as seen (COCO's 2)."""
    joint_guessed: float = 0.15
    """Confidence from which a joint has a place at all (COCO's 1); below it is unknown."""
    longest_gap: float = 0.4
    """Seconds that a person may be unseen, and is put where he must have been."""
    fewest_sightings: int = 2
    """Tracks of fewer frames are nobody, unless the shot is as short."""
    flight: FlightRules = field(default_factory=FlightRules)
    """Of the ball."""

    def digest(self) -> str:
        """Eight hex digits of all values."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]
