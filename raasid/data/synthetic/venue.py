"""Everything that stays the same through one match."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from raasid.data.synthetic.ball_look import BallLook, draw_ball_look
from raasid.data.synthetic.camera_work import Mount, draw_mount
from raasid.data.synthetic.kit import draw_kit, draw_referee_kit
from raasid.data.synthetic.light import Light, draw_light
from raasid.data.synthetic.motion import Squads
from raasid.data.synthetic.overlay import Overlay, draw_overlay
from raasid.data.synthetic.sensor import Sensor, draw_sensor
from raasid.data.synthetic.stadium import Stadium, draw_stadium
from raasid.data.synthetic.turf import Turf, draw_turf


@dataclass(frozen=True, slots=True, eq=False)
class Venue:
    """One match's stadium, weather, teams, ball and camera chain."""

    mount: Mount
    light: Light
    turf: Turf
    stadium: Stadium
    squads: Squads
    ball: BallLook
    sensor: Sensor
    overlay: Overlay


@lru_cache(maxsize=2)
def build_venue(seed: int, match: int, size: tuple[int, int]) -> Venue:
    """The venue of a match; the same arguments give the same venue in every process."""
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence([seed, match]).spawn(8)]
    mount = draw_mount(streams[0])
    light = draw_light(streams[1])
    home = draw_kit(streams[2])
    away = draw_kit(streams[2], home)
    keepers = (draw_kit(streams[2], away), draw_kit(streams[2], home))
    squads = Squads(home, away, keepers, draw_referee_kit(streams[2], (home, away)))
    return Venue(
        mount=mount,
        light=light,
        turf=draw_turf(streams[3], light),
        stadium=draw_stadium(streams[4], mount, [home.shirt, home.trim], light),
        squads=squads,
        ball=draw_ball_look(streams[5]),
        sensor=draw_sensor(streams[6], light, size[0]),
        overlay=draw_overlay(streams[7], size),
    )
