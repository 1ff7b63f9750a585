"""Camera operators: the main camera follows the ball, the close-up camera a player in a scripted scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator

from raasid.synthetic.arrays import Floats
from raasid.synthetic.ball_physics import RADIUS_M, BallPath
from raasid.synthetic.camera import Camera, look_at
from raasid.synthetic.pitch import WIDTH_M
from raasid.synthetic.play_simulation import Play
from raasid.synthetic.scenarios.scene import Scene

REFERENCE_WIDTH = 640
"""Image width that ball sizes refer to; wider images show the same view with more pixels."""
_MAX_ZOOM = 1.5
"""Close-ups are tighter or wider than the median by at most this factor."""


@dataclass(frozen=True, slots=True, eq=False)
class CameraMount:
    """Where the main camera of a match is mounted."""

    centre: Floats
    """(3,) metres."""
    roll: float
    """Radians."""


def draw_mount(rng: Generator) -> CameraMount:
    """Draw a mount 10 to 35 m high, 20 to 55 m behind the touchline, near the half-way line."""
    height = rng.uniform(10, 35)
    behind = rng.uniform(18, 30) + 0.7 * (height - 10)
    centre = np.array([rng.normal(0, 5), -WIDTH_M / 2 - behind, height])
    return CameraMount(centre, float(rng.normal(0, np.radians(0.5))))


class CameraOperator(Protocol):
    """Decides where a camera points."""

    def at(self, t: float) -> Camera:
        """Return the camera at time t, seconds."""

    def at_times(self, times: Floats) -> list[Camera]:
        """Return the cameras at times (T,), seconds."""


class MainCamera:
    """The main camera of a clip, which follows the ball with a lag.

    ball_px: median diameter of the ball over clips, in pixels of an image of `REFERENCE_WIDTH`.
    """

    def __init__(
        self, rng: Generator, mount: CameraMount, play: Play, size: tuple[int, int], ball_px: float
    ) -> None:
        self._mount, self._play, self._size = mount, play, size
        self._lag = float(rng.uniform(0.05, 0.45))
        self._lead = float(rng.uniform(0.2, 0.9))
        self._moving_s = float(rng.choice([0.0, rng.uniform(0, 0.6)]))
        start = play.ball.at(0.0) if play.ball else np.array([rng.normal(0, 20), rng.normal(0, 12), RADIUS_M])
        self._still = start
        distance = float(np.linalg.norm(start - mount.centre))
        self._focal = _draw_diameter(rng, ball_px) * size[0] / REFERENCE_WIDTH * distance / (2 * RADIUS_M)
        self._zoom = float(rng.choice([0.0, rng.normal(0, 0.12)]))
        # framing: position of the ball in half widths of the image; sometimes it has left the image
        span = np.array([0.75, 0.62])
        # operators keep the near touchline low in the image and the far one high
        lift = np.array([0.0, -0.25 * start[1] / (WIDTH_M / 2)])
        frame = np.clip(rng.normal(0, 0.42, 2) + lift, -1, 1) * span
        self.lost = bool(play.ball is not None and rng.random() < 0.05)
        if self.lost:
            frame = np.array([rng.choice([-1, 1]) * rng.uniform(1.15, 1.6), rng.uniform(-0.6, 0.6)])
        elif rng.random() < 0.06:
            frame[0] = np.sign(frame[0]) * rng.uniform(0.85, 0.97)
        self._frame = frame

    def at(self, t: float) -> Camera:
        """Return the camera at time t, seconds."""
        target = self._target(t)
        focal = self._focal * float(np.exp(self._zoom * t))
        first = look_at(self._mount.centre, target, focal, self._mount.roll, self._size)
        # turn from the ball to the point that puts the ball at its position in the image
        ray = np.array(
            [-self._frame[0] * self._size[0] / 2 / focal, -self._frame[1] * self._size[1] / 2 / focal, 1.0]
        )
        aim = self._mount.centre + first.rotation.T @ ray * float(np.linalg.norm(target - self._mount.centre))
        return look_at(self._mount.centre, aim, focal, self._mount.roll, self._size)

    def at_times(self, times: Floats) -> list[Camera]:
        """Return the cameras at times (T,), seconds."""
        return [self.at(t) for t in times.tolist()]

    def _target(self, t: float) -> Floats:
        """Return the smoothed, delayed position of the ball that the operator follows."""
        ball = self._play.ball
        if ball is None:
            return np.asarray(self._still + np.array([0.6, 0.2, 0.0]) * t)
        past = [self._past(ball, t - self._lag * k) for k in (0.4, 0.8, 1.2, 1.6)]
        target = np.mean(past, axis=0)
        target[2] *= 0.5
        # leads the ball a little, so that the lag does not push it out of the image
        flat = ball.velocity(max(t - self._lag, 0.0)) * np.array([1.0, 1.0, 0.0])
        speed = max(float(np.linalg.norm(flat)), 1e-6)
        return np.asarray(target + self._lag * self._lead * min(1.0, 16.0 / speed) * flat)

    def _past(self, ball: BallPath, t: float) -> Floats:
        """Return where the ball was; before time 0 it moves for `_moving_s` only, so that pans start late."""
        if t >= 0:
            return ball.at(t)
        motion = ball.velocity(0.0) * np.array([1.0, 1.0, 0.3])
        return np.asarray(ball.at(0.0) + motion * max(t, -self._moving_s))


def _draw_diameter(rng: Generator, median: float) -> float:
    """Draw the ball's diameter in an image of `REFERENCE_WIDTH`; one shot in twenty is tighter."""
    if rng.random() < 0.05:
        return median * float(rng.uniform(1.6, 2.2))
    return float(np.clip(median * np.exp(rng.normal(0, 0.35)), 2.7, 2.2 * median))


class CloseUpCamera:
    """A camera at the mount of the main camera that follows a player, and the ball a little.

    ball_px: median diameter of the ball over clips, in pixels of an image of `REFERENCE_WIDTH`.
    """

    def __init__(
        self, rng: Generator, mount: CameraMount, scene: Scene, *, size: tuple[int, int], ball_px: float
    ) -> None:
        self._mount, self._cast, self._player, self._size = mount, scene.play.cast, scene.player, size
        self._ball = scene.attempt.ball
        position = np.array([*self._cast.ground(0.0)[self._player], 1.0])
        distance = float(np.linalg.norm(position - mount.centre))
        diameter = ball_px * float(np.clip(np.exp(rng.normal(0, 0.18)), 1 / _MAX_ZOOM, _MAX_ZOOM))
        self._focal = diameter * size[0] / REFERENCE_WIDTH * distance / (2 * RADIUS_M)
        self._zoom = float(rng.choice([0.0, rng.normal(0, 0.08)]))
        self._pull = float(rng.uniform(0.1, 0.35))
        # metres between the middle and the edge of the image
        half = size[0] / 2 * distance / self._focal
        self._offset = rng.uniform(-0.3, 0.3, 2) * half * np.array([1.0, 0.3])

    def at(self, t: float) -> Camera:
        """Return the camera at time t, seconds."""
        return self.at_times(np.array([t]))[0]

    def at_times(self, times: Floats) -> list[Camera]:
        """Return the cameras at times (T,), seconds."""
        # the operator follows with a lag, and more smoothly than player and ball move
        player_times = np.stack([np.maximum(times - lag, 0.0) for lag in (0.1, 0.25, 0.4)])
        ball_times = np.stack([times - lag for lag in (0.05, 0.15, 0.25, 0.35)])
        ground = self._cast.ground_at(player_times.ravel())[:, self._player]
        target = np.full((len(times), 3), 1.0)
        target[:, :2] = ground.reshape(*player_times.shape, 2).mean(axis=0)
        off = self._ball.along(ball_times.ravel()).reshape(*ball_times.shape, 3).mean(axis=0) - target
        off *= np.minimum(1.0, 4.0 / np.maximum(np.linalg.norm(off, axis=1), 1e-6))[:, None] * self._pull
        target[:, 0] += self._offset[0]
        target[:, 2] += self._offset[1]
        focal = (self._focal * np.exp(self._zoom * times)).tolist()
        centre, roll = self._mount.centre, self._mount.roll
        return [
            look_at(centre, aim, px, roll, self._size) for aim, px in zip(target + off, focal, strict=True)
        ]
