"""Config section `data.tracks`: where a context model's tracks come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Le

from raasid.config.section import Natural, Section
from raasid.config.suggestions import did_you_mean
from raasid.laws.edition_lookup import shipped_editions

TrackSource = Literal["predicted", "truth", "noisy"]


class TracksConfig(Section):
    """Tracks of ball and players; other models do not use it."""

    source: TrackSource = "predicted"
    """By ball and pose models; as annotated; or as annotated with the errors that such models make."""
    ball: Path = Path("newest")
    """Checkpoint of the ball model, a registered one (NAME@REF), or newest.

    In a check and in the gate, newest is the champion in service, if there is one.
    """
    pose: Path = Path("newest")
    """As `ball`, of the pose model."""
    edition: str = "ifab_2025_26"
    """Edition of the Laws that decides whether facts are an offence, in training and evaluation."""
    extra_clips: Natural = 0
    """Training clips from a league without images, in addition to the footage's own."""
    calibration_clips: Natural = 0
    """Clips of that league, never trained on, on which probabilities are calibrated too."""
    limit_extra_clips: Natural | None = None
    """At most so many of each of these, for a quick look; null: all."""
    simulate_errors: bool = True
    """Add detector errors to the annotated tracks that are trained on; source=truth never does."""
    error_model_clips: Natural = 24
    """Training clips that ball and pose models predict, to measure which errors they make."""
    shift: Annotated[Natural, Le(12)] = 3
    """Largest number of frames by which the window around a touch is moved in training."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """The edition must be one that ships."""
        known = shipped_editions()
        if self.edition not in known:
            guess = did_you_mean(self.edition, known)
            yield "edition", f"no such edition: '{self.edition}'{guess} (there are: {', '.join(known)})"
