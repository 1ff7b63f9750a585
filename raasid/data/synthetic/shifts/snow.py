"""Snow: a white pitch, flakes in the air, and the orange ball that is taken out for it."""

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
from raasid.data.synthetic.turf import Turf, blotches

if TYPE_CHECKING:
    from raasid.data.synthetic.venue import Venue

_ORANGE = (36.0, 112.0, 246.0)
_SNOW = np.array([236, 232, 228], np.float32)
_LYING = (0.0, 0.30, 0.62, 0.92)
"""Share of the lawn's colour that is the snow's."""
_FLAKES = (0, 120, 260, 480)


class Snow(Shift):
    """More snow on the ground and in the air."""

    name: ClassVar[str] = "snow"

    def light(self, light: Light) -> Light:
        """No sun while it snows."""
        return replace(light, sky="overcast", exposure=1.0) if light.sky == "sun" else light

    def venue(self, venue: Venue, seed: int, match: int) -> Venue:
        """White ground, orange ball."""
        return replace(
            venue,
            turf=self._covered(venue.turf, np.random.default_rng([seed, match, 52])),
            ball=replace(venue.ball, ground=_ORANGE, patch=(40.0, 60.0, 120.0)),
            weather=self._falls,
        )

    def _covered(self, turf: Turf, rng: Generator) -> Turf:
        texture = turf.ground.texture.copy()
        deep = 0.8 * blotches(rng, texture.shape[:2], 60) + 0.5 * blotches(rng, texture.shape[:2], 12)
        share = np.clip(_LYING[self.intensity] + 0.22 * deep, 0, 0.97).astype(np.float32)[..., None]
        texture[..., :3] = (texture[..., :3] * (1 - share) + _SNOW * share).astype(np.uint8)
        return replace(turf, ground=replace(turf.ground, texture=texture))

    def _falls(self, picture: Image, camera: Camera, rng: Generator) -> Image:
        height, width = picture.shape[:2]
        unit = height / 360
        veil = np.zeros((height, width), np.uint8)
        count = int(_FLAKES[self.intensity] * width / 640)
        places = rng.uniform(0, 1, (count, 2)) * [width, height]
        radius = np.maximum(rng.gamma(2.0, 0.45, count) * unit, 0.5)
        for (x, y), r, bright in zip(places, radius, rng.integers(90, 230, count).tolist(), strict=True):
            cv2.circle(veil, (round(x * 16), round(y * 16)), round(r * 16), bright, -1, cv2.LINE_AA, 4)
        share = cv2.GaussianBlur(veil, (3, 3), 0).astype(np.float32)[..., None] / 255
        return np.asarray((picture * (1 - share) + _SNOW * share).astype(np.uint8))
