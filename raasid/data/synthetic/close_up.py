"""The camera of scripted scenes: close to the player, so that arms and hands can be seen."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Floats
from raasid.data.synthetic.ball_path import RADIUS_M
from raasid.data.synthetic.camera import Camera, look_at
from raasid.data.synthetic.camera_work import REFERENCE_WIDTH, Mount
from raasid.data.synthetic.scenarios.scene import Scene

_TIGHTEST = 1.5
"""No shot is tighter, or wider, than the median by more than this factor."""


class CloseUp:
    """Follows a player, and the ball a little; stands where the match's main camera stands.

    ball_px: median diameter of the ball over clips, in pixels of a picture of `REFERENCE_WIDTH`.
    """

    def __init__(
        self, rng: Generator, mount: Mount, scene: Scene, *, size: tuple[int, int], ball_px: float
    ) -> None:
        self._mount, self._cast, self._hero, self._size = mount, scene.play.cast, scene.hero, size
        self._ball = scene.take.ball
        place = np.array([*self._cast.ground(0.0)[self._hero], 1.0])
        distance = float(np.linalg.norm(place - mount.centre))
        diameter = ball_px * float(np.clip(np.exp(rng.normal(0, 0.18)), 1 / _TIGHTEST, _TIGHTEST))
        self._focal = diameter * size[0] / REFERENCE_WIDTH * distance / (2 * RADIUS_M)
        self._zoom = float(rng.choice([0.0, rng.normal(0, 0.08)]))
        self._pull = float(rng.uniform(0.1, 0.35))
        # metres that the picture shows from its middle to its edge
        half = size[0] / 2 * distance / self._focal
        self._aside = rng.uniform(-0.3, 0.3, 2) * half * np.array([1.0, 0.3])

    def at(self, t: float) -> Camera:
        """The camera at time t, seconds."""
        return self.over(np.array([t]))[0]

    def over(self, times: Floats) -> list[Camera]:
        """The cameras at times (T,), seconds."""
        # the operator is late, and calmer than what he follows
        players = np.stack([np.maximum(times - lag, 0.0) for lag in (0.1, 0.25, 0.4)])
        balls = np.stack([times - lag for lag in (0.05, 0.15, 0.25, 0.35)])
        ground = self._cast.course(players.ravel())[:, self._hero]
        player = np.full((len(times), 3), 1.0)
        player[:, :2] = ground.reshape(*players.shape, 2).mean(axis=0)
        off = self._ball.along(balls.ravel()).reshape(*balls.shape, 3).mean(axis=0) - player
        off *= np.minimum(1.0, 4.0 / np.maximum(np.linalg.norm(off, axis=1), 1e-6))[:, None] * self._pull
        player[:, 0] += self._aside[0]
        player[:, 2] += self._aside[1]
        focal = (self._focal * np.exp(self._zoom * times)).tolist()
        centre, roll = self._mount.centre, self._mount.roll
        return [
            look_at(centre, aim, px, roll, self._size) for aim, px in zip(player + off, focal, strict=True)
        ]
