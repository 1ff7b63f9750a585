"""The errors of ball and pose models put into annotated tracks: training data without looking at pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from numpy.random import Generator

from raasid.data.tracks.ball_errors import BallErrors, ball_seen_badly
from raasid.data.tracks.clip_tracks import ClipTracks
from raasid.data.tracks.person_errors import PersonErrors, persons_seen_badly
from raasid.errors import DataError


class NoiseUnreadable(DataError):
    """A description of errors that lacks something, or holds what is none."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"errors of tracks: {reason}; write them with TrackNoise.to_json")


@dataclass(frozen=True, slots=True)
class TrackNoise:
    """How often and how far detectors are wrong; the defaults were measured on presets of ours."""

    ball: BallErrors = BallErrors()  # noqa: RUF009 (frozen)
    persons: PersonErrors = PersonErrors()  # noqa: RUF009 (frozen)

    def apply(self, tracks: ClipTracks, rng: Generator) -> ClipTracks:
        """Return what such detectors would have made of annotated tracks; `tracks` is left as it is.

        A function of the tracks and of `rng` alone. Gaps are bridged as perception bridges them, and said
        to be. Tracks may be lost, broken in two, or joined; numbers stay unique.
        """
        return persons_seen_badly(ball_seen_badly(tracks, self.ball, rng), self.persons, rng)

    def to_json(self) -> str:
        """One object with two, readable by `from_json`."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> TrackNoise:
        """The errors that `to_json` wrote. Raises NoiseUnreadable."""
        try:
            told = json.loads(text)
            return cls(_read(BallErrors, told["ball"]), _read(PersonErrors, told["persons"]))
        except (ValueError, KeyError, TypeError) as error:
            raise NoiseUnreadable(f"{type(error).__name__}: {error}") from error


def _read(kind: Any, told: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    if told.keys() - known:
        raise ValueError(f"unknown: {', '.join(sorted(told.keys() - known))}")
    return kind(**{name: _tuples(value) for name, value in told.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
