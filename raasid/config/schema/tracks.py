"""`data.tracks`: what a context model sees of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Le
from pydantic import BeforeValidator

from raasid.config.law_editions import shipped_editions
from raasid.config.nearest import did_you_mean
from raasid.config.schema.section import Section
from raasid.config.schema.types import Natural

TrackSource = Literal["predicted", "truth", "noisy"]


def _season(value: Any) -> Any:
    """YAML reads an unquoted 2025_26 as the number 202526."""
    text = str(value)
    return f"{text[:4]}_{text[4:]}" if text.isdigit() and len(text) == 6 else value


EditionName = Annotated[str, BeforeValidator(_season)]


class TracksConfig(Section):
    """Tracks of ball and players; other models do not look at it."""

    source: TrackSource = "predicted"
    """By ball and pose models; as annotated; or as annotated with the errors that such models make."""
    ball: Path = Path("newest")
    """Checkpoint of the ball model, or newest."""
    pose: Path = Path("newest")
    """Checkpoint of the pose model, or newest."""
    edition: EditionName = "2025_26"
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
