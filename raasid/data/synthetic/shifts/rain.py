"""Rain: streaks before the lens, a grey sky, a soft picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import cv2
import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.camera import Camera
from raasid.data.synthetic.light import Light
from raasid.data.synthetic.shifts.shift import Shift

if TYPE_CHECKING:
    from raasid.data.synthetic.venue import Venue

_DROPS = (0, 260, 620, 1200)
"""In a picture of 640 x 360."""


class Rain(Shift):
    """More and longer streaks, less contrast."""

    name: ClassVar[str] = "rain"

    def light(self, light: Light) -> Light:
        """No sun while it rains."""
        return replace(light, sky="overcast", exposure=1.0) if light.sky == "sun" else light

    def venue(self, venue: Venue, seed: int, match: int) -> Venue:
        """Rain of one match falls one way."""
        slant = float(np.random.default_rng([seed, match, 51]).uniform(-0.35, 0.35))
        sensor = replace(venue.sensor, blur_px=venue.sensor.blur_px + 0.13 * self.intensity)

        def falls(picture: Image, camera: Camera, rng: Generator) -> Image:
            return self._falls(picture, slant, rng)

        return replace(venue, sensor=sensor, weather=falls)

    def _falls(self, picture: Image, slant: float, rng: Generator) -> Image:
        height, width = picture.shape[:2]
        unit = height / 360
        veil = np.zeros((height, width), np.uint8)
        count = int(_DROPS[self.intensity] * width / 640)
        x, y = rng.uniform(-0.1, 1.1, count) * width, rng.uniform(-0.1, 1.0, count) * height
        length = rng.uniform(7, 15 + 5 * self.intensity, count) * unit
        shade = rng.integers(26, 70 + 14 * self.intensity, count)
        for x0, y0, long, bright in zip(x.tolist(), y.tolist(), length.tolist(), shade.tolist(), strict=True):
            tip = (round((x0 + slant * long) * 16), round((y0 + long) * 16))
            cv2.line(veil, (round(x0 * 16), round(y0 * 16)), tip, bright, 1, cv2.LINE_AA, 4)
        grey = 0.07 * self.intensity
        flat = cv2.convertScaleAbs(picture, alpha=1 - grey, beta=112 * grey)
        return np.asarray(cv2.add(flat, cv2.cvtColor(veil, cv2.COLOR_GRAY2BGR)))
