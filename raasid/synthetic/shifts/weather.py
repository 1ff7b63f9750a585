"""Night: floodlights that are too weak, and a camera that answers with gain and long exposures.

Rain: streaks before the lens, a grey sky, a soft image.

Snow: a white pitch, flakes in the air, and the orange ball that is taken out for it.

Fog: what is far away disappears in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import cv2
import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats, Image
from raasid.synthetic.camera import Camera
from raasid.synthetic.grass import Turf, smooth_noise
from raasid.synthetic.lighting import Light
from raasid.synthetic.shifts.shift import Shift

if TYPE_CHECKING:
    from raasid.synthetic.match_setting import MatchSetting

_BRIGHTNESS = (1.0, 0.78, 0.58, 0.42)
_NOISE = (1.0, 2.0, 3.4, 5.0)


class Night(Shift):
    """Darker and noisier."""

    name: ClassVar[str] = "night"

    def change_light(self, light: Light) -> Light:
        """Floodlights."""
        return replace(light, sky="night", exposure=1.0)

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Darker images with more noise and longer exposures."""
        sensor = setting.sensor
        dark = np.clip(np.round(sensor.tone_curve * _BRIGHTNESS[self.intensity]), 0, 255).astype(np.uint8)
        sensor = replace(
            sensor,
            tone_curve=dark,
            noise=sensor.noise * _NOISE[self.intensity],
            shutter_s=min(1 / 50, sensor.shutter_s * (1 + 0.4 * self.intensity)),
        )
        return replace(setting, sensor=sensor)


_DROPS = (0, 260, 620, 1200)
"""In an image of 640 x 360."""


class Rain(Shift):
    """More and longer streaks, less contrast."""

    name: ClassVar[str] = "rain"

    def change_light(self, light: Light) -> Light:
        """No sun while it rains."""
        return replace(light, sky="overcast", exposure=1.0) if light.sky == "sun" else light

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Rain of one match falls one way."""
        slant = float(np.random.default_rng([seed, match, 51]).uniform(-0.35, 0.35))
        sensor = replace(setting.sensor, blur_px=setting.sensor.blur_px + 0.13 * self.intensity)

        def falls(image: Image, camera: Camera, rng: Generator) -> Image:
            return self._falls(image, slant, rng)

        return replace(setting, sensor=sensor, weather=falls)

    def _falls(self, image: Image, slant: float, rng: Generator) -> Image:
        height, width = image.shape[:2]
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
        flat = cv2.convertScaleAbs(image, alpha=1 - grey, beta=112 * grey)
        return np.asarray(cv2.add(flat, cv2.cvtColor(veil, cv2.COLOR_GRAY2BGR)))


_ORANGE = (36.0, 112.0, 246.0)
_SNOW = np.array([236, 232, 228], np.float32)
_LYING = (0.0, 0.30, 0.62, 0.92)
"""Share of the lawn's colour that is the snow's."""
_FLAKES = (0, 120, 260, 480)


class Snow(Shift):
    """More snow on the ground and in the air."""

    name: ClassVar[str] = "snow"

    def change_light(self, light: Light) -> Light:
        """No sun while it snows."""
        return replace(light, sky="overcast", exposure=1.0) if light.sky == "sun" else light

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """White ground, orange ball."""
        return replace(
            setting,
            turf=self._covered(setting.turf, np.random.default_rng([seed, match, 52])),
            ball=replace(setting.ball, ground=_ORANGE, patch=(40.0, 60.0, 120.0)),
            weather=self._falls,
        )

    def _covered(self, turf: Turf, rng: Generator) -> Turf:
        texture = turf.ground.texture.copy()
        deep = 0.8 * smooth_noise(rng, texture.shape[:2], 60) + 0.5 * smooth_noise(rng, texture.shape[:2], 12)
        share = np.clip(_LYING[self.intensity] + 0.22 * deep, 0, 0.97).astype(np.float32)[..., None]
        texture[..., :3] = (texture[..., :3] * (1 - share) + _SNOW * share).astype(np.uint8)
        return replace(turf, ground=replace(turf.ground, texture=texture))

    def _falls(self, image: Image, camera: Camera, rng: Generator) -> Image:
        height, width = image.shape[:2]
        unit = height / 360
        veil = np.zeros((height, width), np.uint8)
        count = int(_FLAKES[self.intensity] * width / 640)
        places = rng.uniform(0, 1, (count, 2)) * [width, height]
        radius = np.maximum(rng.gamma(2.0, 0.45, count) * unit, 0.5)
        for (x, y), r, bright in zip(places, radius, rng.integers(90, 230, count).tolist(), strict=True):
            cv2.circle(veil, (round(x * 16), round(y * 16)), round(r * 16), bright, -1, cv2.LINE_AA, 4)
        share = cv2.GaussianBlur(veil, (3, 3), 0).astype(np.float32)[..., None] / 255
        return np.asarray((image * (1 - share) + _SNOW * share).astype(np.uint8))


_VISIBILITY_M = (float("inf"), 190.0, 90.0, 52.0)
"""The distance over which contrast falls to 1/e."""
_FURTHEST_M = 160.0


class Fog(Shift):
    """Denser with the intensity."""

    name: ClassVar[str] = "fog"

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Fog by the light of the match."""
        grey = 118.0 if setting.light.sky == "night" else 196.0

        def hangs(image: Image, camera: Camera, rng: Generator) -> Image:
            clear = np.exp(-_row_distance(camera) / _VISIBILITY_M[self.intensity]).astype(np.float32)
            return np.asarray(
                (image * clear[:, None, None] + grey * (1 - clear[:, None, None])).astype(np.uint8)
            )

        return replace(setting, weather=hangs)


def _row_distance(camera: Camera) -> Floats:
    """(height,) metres to the ground along the middle of each row."""
    width, height = camera.size
    rows = np.arange(height) + 0.5
    rays = np.stack(
        [np.full(height, (width / 2 - camera.principal[0]) / camera.focal_px),
         (rows - camera.principal[1]) / camera.focal_px, np.ones(height)], axis=1,
    )  # fmt: skip
    world = rays @ camera.rotation
    drop = -world[:, 2] / np.linalg.norm(world, axis=1)
    return np.asarray(np.minimum(camera.centre[2] / np.maximum(drop, 1e-3), _FURTHEST_M))
