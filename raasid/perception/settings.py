"""Thresholds that turn detections into tracks."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from raasid.tracks.ball_path import BallPathRules


@dataclass(frozen=True, slots=True)
class PerceptionSettings:
    """Thresholds that turn detections into tracks; part of the name of the tracks."""

    min_track_score: float = 0.25
    """Score from which a person begins a track; of 0.15 to 0.4, the best IDF1 on the synthetic league."""
    min_person_score: float = 0.1
    """Score from which a person may continue a track."""
    min_visible_confidence: float = 0.5
    """Confidence from which a joint counts as visible (COCO's 2)."""
    min_joint_confidence: float = 0.15
    """Confidence from which a joint has a position (at least COCO's 1); below, it is unknown."""
    max_gap_s: float = 0.4
    """Longest time without a detection for which a person is interpolated."""
    min_track_frames: int = 2
    """Tracks of fewer frames are dropped, unless the clip is shorter."""
    ball_path: BallPathRules = field(default_factory=BallPathRules)

    def digest(self) -> str:
        """Return eight hex digits of all values."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]
