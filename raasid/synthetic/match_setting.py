"""The setting of a match: everything that its clips share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Image
from raasid.synthetic.ball_rendering import BallAppearance, draw_ball_appearance
from raasid.synthetic.broadcast_graphics import Overlay, draw_overlay
from raasid.synthetic.camera import Camera
from raasid.synthetic.camera_operator import CameraMount, draw_mount
from raasid.synthetic.clothing import draw_kit, draw_referee_kit
from raasid.synthetic.grass import TEXELS_PER_M, Turf, draw_turf
from raasid.synthetic.lighting import Light, draw_light
from raasid.synthetic.player_placement import MatchKits
from raasid.synthetic.sensor import Sensor, draw_sensor
from raasid.synthetic.shifts.shift import Shift
from raasid.synthetic.stadium import Stadium, draw_stadium

Weather = Callable[[Image, Camera, Generator], Image]
"""Draws rain, snow or fog on an image, given the camera and a random stream."""
_UNSHIFTED = Shift()


@dataclass(frozen=True, slots=True, eq=False)
class MatchSetting:
    """Stadium, light, kits, ball and camera of one match."""

    mount: CameraMount
    light: Light
    turf: Turf
    stadium: Stadium
    kits: MatchKits
    ball: BallAppearance
    sensor: Sensor
    overlay: Overlay
    weather: Weather | None = None


@lru_cache(maxsize=2)
def build_match_setting(
    seed: int,
    match: int,
    size: tuple[int, int],
    shift: Shift = _UNSHIFTED,
    camera_height_m: tuple[float, float] | None = None,
    *,
    painted: bool = True,
) -> MatchSetting:
    """Return the setting of a match; the same arguments give the same setting in every process.

    camera_height_m: lowest and highest main camera. painted: False for labels alone: the lawn is coarse.
    """
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence([seed, match]).spawn(8)]
    mount = draw_mount(streams[0])
    if camera_height_m is not None:
        height = np.random.default_rng([seed, match, 9]).uniform(*camera_height_m)
        mount = replace(mount, centre=np.array([*mount.centre[:2], height]))
    light = shift.change_light(draw_light(streams[1]))
    home = draw_kit(streams[2])
    away = draw_kit(streams[2], home)
    keepers = (draw_kit(streams[2], away), draw_kit(streams[2], home))
    kits = MatchKits(home, away, keepers, draw_referee_kit(streams[2], (home, away)))
    setting = MatchSetting(
        mount=mount,
        light=light,
        turf=draw_turf(streams[3], light, TEXELS_PER_M if painted else 0.25),
        stadium=draw_stadium(streams[4], mount, [home.shirt, home.trim], light),
        kits=kits,
        ball=draw_ball_appearance(streams[5]),
        sensor=draw_sensor(streams[6], light, size[0]),
        overlay=draw_overlay(streams[7], size),
    )
    return shift.change_setting(setting, seed, match)
