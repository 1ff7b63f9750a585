"""Time: fewer pictures a second with longer exposures, or a replay in slow motion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from raasid.data.synthetic.shifts.shift import Shift

if TYPE_CHECKING:
    from raasid.data.synthetic.league import League
    from raasid.data.synthetic.venue import Venue

_FEWER = (1.0, 1.5, 2.0, 3.0)
_EXPOSURE = (1.0, 1.8, 3.0, 4.5)
_LONGEST_S = 1 / 18
_SLOWER = (1.0, 1.5, 2.0, 3.0)


class FrameRate(Shift):
    """A feed of 25 Hz becomes one of 17, 12.5 or 8 Hz, and everything fast a streak."""

    name: ClassVar[str] = "frame_rate"

    def league(self, league: League) -> League:
        """Fewer frames a second."""
        return replace(league, frame_rate_hz=league.frame_rate_hz / _FEWER[self.intensity])

    def venue(self, venue: Venue, seed: int, match: int) -> Venue:
        """Longer exposures."""
        shutter = min(_LONGEST_S, venue.sensor.shutter_s * _EXPOSURE[self.intensity])
        return replace(venue, sensor=replace(venue.sensor, shutter_s=shutter))


class SlowMotion(Shift):
    """A replay one and a half, two or three times slower; what looks like a walk was a sprint."""

    name: ClassVar[str] = "slow_motion"

    def league(self, league: League) -> League:
        """Time passes more slowly."""
        return replace(league, slow_motion=league.slow_motion * _SLOWER[self.intensity])
