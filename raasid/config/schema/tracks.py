"""`data.tracks`: what a context model sees of a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from raasid.config.schema.section import Section

TrackSource = Literal["predicted", "truth", "noisy"]


class TracksConfig(Section):
    """Tracks of ball and players; other models do not look at it."""

    source: TrackSource = "predicted"
    """By ball and pose models; as annotated; or as annotated with the errors that such models make."""
    ball: Path = Path("newest")
    """Checkpoint of the ball model, or newest."""
    pose: Path = Path("newest")
    """Checkpoint of the pose model, or newest."""
