"""Kits that clash: shirts that go into the grass, boots and socks as bright as the ball."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from raasid.data.synthetic.kit import Colour, Kit
from raasid.data.synthetic.shifts.shift import Shift

if TYPE_CHECKING:
    from raasid.data.synthetic.venue import Venue


class KitClash(Shift):
    """Both teams come nearer to the grass above the knee, and to the ball below it."""

    name: ClassVar[str] = "kit_clash"

    def venue(self, venue: Venue, seed: int, match: int) -> Venue:
        """Re-dyed kits of the two teams; goalkeepers and referees keep theirs."""
        home, away = (
            self._dyed(kit, venue.turf.green, venue.ball.ground, tone)
            for kit, tone in ((venue.squads.home, 1.0), (venue.squads.away, 0.72))
        )
        return replace(venue, squads=replace(venue.squads, home=home, away=away))

    def _dyed(self, kit: Kit, grass: Colour, ball: Colour, tone: float) -> Kit:
        share = 0.3 * self.intensity

        def towards(colour: Colour, goal: Colour, scale: float) -> Colour:
            mixed = np.array(colour) * (1 - share) + np.array(goal) * scale * share
            return (float(mixed[0]), float(mixed[1]), float(mixed[2]))

        return replace(
            kit,
            shirt=towards(kit.shirt, grass, tone),
            shorts=towards(kit.shorts, grass, tone),
            trim=towards(kit.trim, grass, tone),
            socks=towards(kit.socks, ball, 1.0),
        )
