"""The errors of ball and pose models, added to annotated tracks: training data without rendering images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from numpy.random import Generator

from raasid.errors import DataError
from raasid.tracks.ball_errors import BallErrors, perturb_ball
from raasid.tracks.person_errors import PersonErrors, perturb_persons
from raasid.tracks.track_arrays import ClipTracks


class ErrorModelUnreadable(DataError):
    """A JSON description of errors that is incomplete or has unknown fields."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"errors of tracks: {reason}; write them with TrackNoise.to_json")


@dataclass(frozen=True, slots=True)
class TrackErrorModel:
    """How often and how far detectors are wrong; the defaults were measured on the models of our presets."""

    ball: BallErrors = field(default_factory=BallErrors)
    persons: PersonErrors = field(default_factory=PersonErrors)

    def apply(self, tracks: ClipTracks, rng: Generator) -> ClipTracks:
        """Return annotated tracks with the errors of such detectors; `tracks` is not changed.

        Depends on the tracks and `rng` alone. Gaps are interpolated, and marked, as perception does it.
        Tracks may be lost, broken in two, or joined; ids stay unique.
        """
        return perturb_persons(perturb_ball(tracks, self.ball, rng), self.persons, rng)

    def to_json(self) -> str:
        """Serialize both parts as one JSON object for `from_json`."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> TrackErrorModel:
        """Parse what `to_json` wrote. Raises ErrorModelUnreadable."""
        try:
            parsed = json.loads(text)
            return cls(_parse(BallErrors, parsed["ball"]), _parse(PersonErrors, parsed["persons"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ErrorModelUnreadable(f"{type(error).__name__}: {error}") from error


def _parse(kind: Any, parsed: Mapping[str, Any]) -> Any:
    known = {entry.name for entry in fields(kind)}
    if parsed.keys() - known:
        raise ValueError(f"unknown: {', '.join(sorted(parsed.keys() - known))}")
    return kind(**{name: _tuples(value) for name, value in parsed.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
