"""Shift suites of the weather: night, rain, snow, fog."""

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

# tuples: by intensity, 0 to 3
_NIGHT_BRIGHTNESS = (1.0, 0.78, 0.58, 0.42)
_NIGHT_NOISE = (1.0, 2.0, 3.4, 5.0)
_NUM_DROPS = (0, 260, 620, 1200)
"""In an image 640 wide."""
_BALL_ORANGE = (36.0, 112.0, 246.0)
_SNOW_COLOUR = np.array([236, 232, 228], np.float32)
_SNOW_COVER = (0.0, 0.30, 0.62, 0.92)
"""Share of the snow in the colour of the lawn."""
_NUM_FLAKES = (0, 120, 260, 480)
_FOG_VISIBILITY_M = (float("inf"), 190.0, 90.0, 52.0)
"""Distance over which contrast falls to 1/e."""
_MAX_DISTANCE_M = 160.0


class Night(Shift):
    """Weak floodlights: darker images with more noise."""

    name: ClassVar[str] = "night"

    def change_light(self, light: Light) -> Light:
        """Return the light of floodlights."""
        return replace(light, sky="night", exposure=1.0)

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Return the setting with darker images, more noise and longer exposures."""
        sensor = setting.sensor
        dark = np.clip(np.round(sensor.tone_curve * _NIGHT_BRIGHTNESS[self.intensity]), 0, 255).astype(
            np.uint8
        )
        sensor = replace(
            sensor,
            tone_curve=dark,
            noise=sensor.noise * _NIGHT_NOISE[self.intensity],
            shutter_s=min(1 / 50, sensor.shutter_s * (1 + 0.4 * self.intensity)),
        )
        return replace(setting, sensor=sensor)


class Rain(Shift):
    """Streaks, a grey sky and less contrast."""

    name: ClassVar[str] = "rain"

    def change_light(self, light: Light) -> Light:
        """Return an overcast sky in place of the sun."""
        return replace(light, sky="overcast", exposure=1.0) if light.sky == "sun" else light

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Return the setting with rain, which has one slant in a match."""
        slant = float(np.random.default_rng([seed, match, 51]).uniform(-0.35, 0.35))
        sensor = replace(setting.sensor, blur_px=setting.sensor.blur_px + 0.13 * self.intensity)

        def draw_rain(image: Image, camera: Camera, rng: Generator) -> Image:
            return self._draw_rain(image, slant, rng)

        return replace(setting, sensor=sensor, weather=draw_rain)

    def _draw_rain(self, image: Image, slant: float, rng: Generator) -> Image:
        height, width = image.shape[:2]
        unit = height / 360
        layer = np.zeros((height, width), np.uint8)
        count = int(_NUM_DROPS[self.intensity] * width / 640)
        x, y = rng.uniform(-0.1, 1.1, count) * width, rng.uniform(-0.1, 1.0, count) * height
        length = rng.uniform(7, 15 + 5 * self.intensity, count) * unit
        shade = rng.integers(26, 70 + 14 * self.intensity, count)
        for x0, y0, streak, grey_level in zip(
            x.tolist(), y.tolist(), length.tolist(), shade.tolist(), strict=True
        ):
            tip = (round((x0 + slant * streak) * 16), round((y0 + streak) * 16))
            cv2.line(layer, (round(x0 * 16), round(y0 * 16)), tip, grey_level, 1, cv2.LINE_AA, 4)
        grey = 0.07 * self.intensity
        flat = cv2.convertScaleAbs(image, alpha=1 - grey, beta=112 * grey)
        return np.asarray(cv2.add(flat, cv2.cvtColor(layer, cv2.COLOR_GRAY2BGR)))


class Snow(Shift):
    """Snow on the ground and in the air, and an orange ball."""

    name: ClassVar[str] = "snow"

    def change_light(self, light: Light) -> Light:
        """Return an overcast sky in place of the sun."""
        return replace(light, sky="overcast", exposure=1.0) if light.sky == "sun" else light

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Return the setting with a white pitch and an orange ball."""
        return replace(
            setting,
            turf=self._covered(setting.turf, np.random.default_rng([seed, match, 52])),
            ball=replace(setting.ball, ground=_BALL_ORANGE, patch=(40.0, 60.0, 120.0)),
            weather=self._draw_flakes,
        )

    def _covered(self, turf: Turf, rng: Generator) -> Turf:
        texture = turf.ground.texture.copy()
        depth = 0.8 * smooth_noise(rng, texture.shape[:2], 60) + 0.5 * smooth_noise(
            rng, texture.shape[:2], 12
        )
        share = np.clip(_SNOW_COVER[self.intensity] + 0.22 * depth, 0, 0.97).astype(np.float32)[..., None]
        texture[..., :3] = (texture[..., :3] * (1 - share) + _SNOW_COLOUR * share).astype(np.uint8)
        return replace(turf, ground=replace(turf.ground, texture=texture))

    def _draw_flakes(self, image: Image, camera: Camera, rng: Generator) -> Image:
        height, width = image.shape[:2]
        unit = height / 360
        layer = np.zeros((height, width), np.uint8)
        count = int(_NUM_FLAKES[self.intensity] * width / 640)
        positions = rng.uniform(0, 1, (count, 2)) * [width, height]
        radius = np.maximum(rng.gamma(2.0, 0.45, count) * unit, 0.5)
        for (x, y), r, bright in zip(positions, radius, rng.integers(90, 230, count).tolist(), strict=True):
            cv2.circle(layer, (round(x * 16), round(y * 16)), round(r * 16), bright, -1, cv2.LINE_AA, 4)
        share = cv2.GaussianBlur(layer, (3, 3), 0).astype(np.float32)[..., None] / 255
        return np.asarray((image * (1 - share) + _SNOW_COLOUR * share).astype(np.uint8))


class Fog(Shift):
    """Fog, in which distant parts of the image lose contrast."""

    name: ClassVar[str] = "fog"

    def change_setting(self, setting: MatchSetting, seed: int, match: int) -> MatchSetting:
        """Return the setting with fog, lit by the light of the match."""
        grey = 118.0 if setting.light.sky == "night" else 196.0

        def draw_fog(image: Image, camera: Camera, rng: Generator) -> Image:
            clear = np.exp(-_row_distance(camera) / _FOG_VISIBILITY_M[self.intensity]).astype(np.float32)
            return np.asarray(
                (image * clear[:, None, None] + grey * (1 - clear[:, None, None])).astype(np.uint8)
            )

        return replace(setting, weather=draw_fog)


def _row_distance(camera: Camera) -> Floats:
    """Return (height,) metres to the ground along the middle of each row."""
    width, height = camera.size
    rows = np.arange(height) + 0.5
    rays = np.stack(
        [np.full(height, (width / 2 - camera.principal[0]) / camera.focal_px),
         (rows - camera.principal[1]) / camera.focal_px, np.ones(height)], axis=1,
    )  # fmt: skip
    world = rays @ camera.rotation
    drop = -world[:, 2] / np.linalg.norm(world, axis=1)
    return np.asarray(np.minimum(camera.centre[2] / np.maximum(drop, 1e-3), _MAX_DISTANCE_M))
