"""Sun, clouds or floodlights over one match, and the shadow that the stands throw on the pitch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Floats

Sky = Literal["sun", "overcast", "night"]


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """How bright every place of the ground is, and where shadows fall."""

    sky: Sky
    towards: Floats
    """(3,) unit vector to the main light."""
    shade: float
    """Brightness inside the stadium's shadow, in the open it is 1."""
    edge: tuple[float, float, float]
    """Normal (x, y) and offset in metres of the shadow's edge: shaded where normal . p > offset."""
    notch_m: float
    """Width of the roof's notches that the edge shows; 0 for a straight one."""
    tint: Floats
    """(3,) gain of blue, green, red."""
    exposure: float = 1.0
    """Gain by which the camera answers a pitch that lies in the shade."""

    @property
    def side(self) -> float:
        """-1 to 1: from where in the picture, left or right, the light comes."""
        return 0.8 * float(np.sign(self.towards[0])) if self.sky == "sun" else 0.0

    def sunlit(self, ground: Floats) -> Floats:
        """1 in the open, 0 in the stand's shadow, for points (..., 2) in metres."""
        if self.sky != "sun":
            return np.ones(ground.shape[:-1])
        nx, ny, offset = self.edge
        along = ground @ np.array([-ny, nx])
        notch = 0.0 if self.notch_m == 0 else 1.6 * (np.mod(along / self.notch_m, 1.0) > 0.35)
        return np.asarray(np.clip((offset + notch - ground @ np.array([nx, ny])) / 0.8 + 0.5, 0, 1))

    def level(self, ground: Floats) -> Floats:
        """Brightness of points (..., 2) of the ground: 1 in the open, `shade` in the stand's shadow."""
        if self.sky == "night":
            # floodlights leave the far corners a little darker
            return np.asarray(1.04 - 0.12 * ((ground[..., 0] / 60) ** 2 + (ground[..., 1] / 45) ** 2) / 2)
        return self.exposure * (self.shade + (1 - self.shade) * self.sunlit(ground))

    def casts(self, ground: Floats) -> list[tuple[Floats, Floats]]:
        """Shadows of things at `ground` (N, 2): by lamp, offset (N, 2) per metre of height, darkness (N,)."""
        n = len(ground)
        below = np.broadcast_to(np.array([0.03, 0.02]), (n, 2))
        if self.sky == "overcast":
            return [(below, np.full(n, 0.24))]
        if self.sky == "night":
            lamps = np.array([[-80.0, -45.0], [80.0, -45.0], [-80.0, 45.0], [80.0, 45.0]])
            return [((ground - lamp) / 42.0, np.full(n, 0.055)) for lamp in lamps] + [
                (below, np.full(n, 0.12))
            ]
        shift = -self.towards[:2] / max(float(self.towards[2]), 0.15)
        return [(np.broadcast_to(shift, (n, 2)), 0.42 * self.sunlit(ground)), (below, np.full(n, 0.14))]


def draw_light(rng: Generator) -> Light:
    """The weather of a match."""
    sky: Sky = ("sun", "overcast", "night")[int(rng.choice(3, p=[0.4, 0.25, 0.35]))]
    azimuth, height = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(24, 60))
    if sky == "overcast":
        height = np.radians(85)
    towards = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)])
    facing = -towards[:2] / np.linalg.norm(towards[:2])
    # the shadow lies on the side of the sun; its edge may be anywhere, also off the pitch
    edge = (float(-facing[0]), float(-facing[1]), float(rng.uniform(-25, 60)))
    warm = {"sun": (0.94, 1.0, 1.03), "overcast": (1.03, 1.0, 0.97), "night": (0.98, 1.0, 0.99)}[sky]
    tint = np.array(warm) * rng.uniform(0.96, 1.04, 3)
    notch = float(rng.choice([0.0, 0.0, 0.0, 0.0, rng.uniform(4, 10)]))
    light = Light(sky, towards, float(rng.uniform(0.42, 0.70)), edge, notch, tint)
    x, y = np.meshgrid(np.linspace(-50, 50, 21), np.linspace(-32, 32, 15))
    mean = float(light.level(np.stack([x, y], axis=-1)).mean())
    return replace(light, exposure=min(1.4, 0.95 * mean ** -rng.uniform(0.5, 0.9))) if sky == "sun" else light
