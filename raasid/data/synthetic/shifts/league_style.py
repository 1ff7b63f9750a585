"""Another league: other graphics, then another lawn, then other stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from raasid.data.synthetic.overlay import draw_overlay
from raasid.data.synthetic.shifts.shift import Shift
from raasid.data.synthetic.stadium import draw_stadium
from raasid.data.synthetic.turf import draw_turf

if TYPE_CHECKING:
    from raasid.data.synthetic.venue import Venue

_DRY = np.array([0.92, 1.02, 1.42], np.float32)
"""Blue, green, red of a lawn in the south, over those of ours."""


class LeagueStyle(Shift):
    """Every intensity replaces one thing more."""

    name: ClassVar[str] = "league_style"

    def venue(self, venue: Venue, seed: int, match: int) -> Venue:
        """The match as another broadcaster and another ground would show it."""
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence([seed, match, 55]).spawn(3)]
        height, width = venue.overlay.alpha.shape
        venue = replace(venue, overlay=draw_overlay(streams[0], (width, height)))
        if self.intensity >= 2:
            turf = draw_turf(streams[1], venue.light)
            texture = turf.ground.texture.copy()
            dry = 1 + (_DRY - 1) * (self.intensity - 1) / 2
            texture[..., :3] = np.clip(texture[..., :3] * dry, 0, 255).astype(np.uint8)
            venue = replace(venue, turf=replace(turf, ground=replace(turf.ground, texture=texture)))
        if self.intensity >= 3:
            colours = [venue.squads.away.shirt, venue.squads.away.trim]
            stadium = draw_stadium(streams[2], venue.mount, colours, venue.light)
            venue = replace(venue, stadium=stadium)
        return venue
