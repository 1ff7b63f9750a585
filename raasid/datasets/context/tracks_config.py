"""`data.tracks`: what a context model sees of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Le

from raasid.config.section import Natural, Section
from raasid.config.suggestions import did_you_mean
from raasid.laws.edition_names import shipped_editions

TrackSource = Literal["predicted", "truth", "noisy"]


class TracksConfig(Section):
    """Tracks of ball and players; other models do not look at it."""

    source: TrackSource = "predicted"
    """By ball and pose models; as annotated; or as annotated with the errors that such models make."""
    ball: Path = Path("newest")
    """Checkpoint of the ball model, or newest."""
    pose: Path = Path("newest")
    """Checkpoint of the pose model, or newest."""
    edition: str = "ifab_2025_26"
    """By whose wording facts are an offence, in training and in figures."""
    further: Natural = 0
    """Clips of a league without pictures that are trained on beside the footage's own."""
    calibration: Natural = 0
    """Clips of that league that are held back from training: chances are calibrated on them too."""
    errors: bool = True
    """Put the errors of detectors into annotated tracks that are trained on; source=truth never does."""
    errors_from: Natural = 24
    """Training clips that ball and pose models look at, to measure which errors they make."""
    shift: Annotated[Natural, Le(12)] = 3
    """Frames by which the window round a touch is moved in training, at most."""

    def complaints(self) -> Iterator[tuple[str, str]]:
        """The edition must be one that ships."""
        known = shipped_editions()
        if self.edition not in known:
            guess = did_you_mean(self.edition, known)
            yield "edition", f"no such edition: '{self.edition}'{guess} (there are: {', '.join(known)})"
