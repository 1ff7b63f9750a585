"""Night: floodlights that are too weak, and a camera that answers with gain and long exposures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from raasid.data.synthetic.light import Light
from raasid.data.synthetic.shifts.shift import Shift

if TYPE_CHECKING:
    from raasid.data.synthetic.venue import Venue

_BRIGHTNESS = (1.0, 0.78, 0.58, 0.42)
_NOISE = (1.0, 2.0, 3.4, 5.0)


class Night(Shift):
    """Darker and noisier."""

    name: ClassVar[str] = "night"

    def light(self, light: Light) -> Light:
        """Floodlights."""
        return replace(light, sky="night", exposure=1.0)

    def venue(self, venue: Venue, seed: int, match: int) -> Venue:
        """Darker pictures with more noise and longer exposures."""
        sensor = venue.sensor
        dark = np.clip(np.round(sensor.curve * _BRIGHTNESS[self.intensity]), 0, 255).astype(np.uint8)
        sensor = replace(
            sensor,
            curve=dark,
            noise=sensor.noise * _NOISE[self.intensity],
            shutter_s=min(1 / 50, sensor.shutter_s * (1 + 0.4 * self.intensity)),
        )
        return replace(venue, sensor=sensor)
