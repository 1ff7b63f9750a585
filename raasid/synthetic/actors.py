"""The people of a clip and their positions and joints over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from raasid.footage.records import Role
from raasid.synthetic import skeleton
from raasid.synthetic.arrays import Floats
from raasid.synthetic.clothing import Outfit
from raasid.synthetic.pose_keyframes import PoseAnimation
from raasid.synthetic.skeleton import JOINTS, joints

SLOWDOWN_S = 4.0
"""Time constant with which people slow down, so that they stay on the pitch in long clips."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One person at time 0: metres, m/s, radians, seconds."""

    track: int
    role: Role
    team: str | None
    outfit: Outfit
    ground: tuple[float, float]
    velocity: tuple[float, float]
    facing: float
    """Heading when standing; a runner faces the direction of the run."""
    height: float
    phase: float
    style: tuple[float, ...]
    kicks_at: float = float("nan")


class Cast:
    """Actors as arrays, so that all of them are posed at once.

    animations: poses of some actors, by index, in place of their gait.
    """

    def __init__(self, actors: list[Actor], animations: Mapping[int, PoseAnimation] | None = None) -> None:
        self.actors = actors
        self.animations = dict(animations or {})
        self._ground = np.array([a.ground for a in actors], dtype=np.float64).reshape(-1, 2)
        self._velocity = np.array([a.velocity for a in actors], dtype=np.float64).reshape(-1, 2)
        self._facing = np.array([a.facing for a in actors])
        self._height = np.array([a.height for a in actors])
        self._phase = np.array([a.phase for a in actors])
        self._style = np.array([a.style for a in actors]).reshape(-1, skeleton.NUM_STYLE)
        self._kicks_at = np.array([a.kicks_at for a in actors])
        self._keeper = np.array([float(a.role == "goalkeeper") for a in actors])

    def ground(self, t: float) -> Floats:
        """Return (N, 2) metres at time t."""
        return np.asarray(self.ground_at(np.array([t]))[0])

    def ground_at(self, times: Floats) -> Floats:
        """Return (T, N, 2) metres at times (T,)."""
        travelled = SLOWDOWN_S * (1 - np.exp(-times / SLOWDOWN_S))
        return np.asarray(self._ground + self._velocity * travelled[:, None, None])

    def velocity(self, t: float) -> Floats:
        """Return (N, 2) m/s at time t."""
        return np.asarray(self._velocity * np.exp(-t / SLOWDOWN_S))

    def joints(self, t: float) -> Floats:
        """Return (N, 25, 3) metres at time t."""
        return np.asarray(self.joints_at(np.array([t]))[0])

    def joints_at(self, times: Floats) -> Floats:
        """Return (T, N, 25, 3) metres at times (T,)."""
        num_actors, num_times = len(self.actors), len(times)

        def rows(values: Floats) -> Floats:
            return values if num_times == 1 else np.tile(values, (num_times,) + (1,) * (values.ndim - 1))

        velocity = (self._velocity * np.exp(-times / SLOWDOWN_S)[:, None, None]).reshape(-1, 2)
        t = np.repeat(times, num_actors)
        speed = np.hypot(velocity[:, 0], velocity[:, 1])
        heading = np.where(speed > 0.6, np.arctan2(velocity[:, 1], velocity[:, 0]), rows(self._facing))
        phase = rows(self._phase) + 2 * np.pi * skeleton.stride_hz(speed) * t
        ready = rows(self._keeper) * np.exp(-speed)
        pose = skeleton.angles(phase, speed, t - rows(self._kicks_at), ready, rows(self._style))
        hop = 0.05 * np.clip(speed - 3, 0, 4) / 4 * np.abs(np.sin(phase))
        ground, height = self.ground_at(times).reshape(-1, 2), rows(self._height)
        if not self.animations:
            return joints(pose, ground, heading, height, hop).reshape(num_times, num_actors, JOINTS, 3)
        arms = np.full((num_times * num_actors, 2, 2, 3), np.nan)
        tilt = np.zeros((num_times * num_actors, 2))
        for i, animation in self.animations.items():
            pose_angles, rows_i = animation.at(times), slice(i, None, num_actors)
            arms[rows_i], tilt[rows_i], hop[rows_i] = pose_angles.arms, pose_angles.tilt, pose_angles.lift
            for animated, angle in (
                (pose_angles.hip, pose.hip),
                (pose_angles.knee, pose.knee),
                (pose_angles.lean, pose.lean),
                (pose_angles.spread, pose.spread),
            ):
                angle[rows_i] = np.where(np.isnan(animated), angle[rows_i], animated)
        return joints(pose, ground, heading, height, hop, arms, tilt).reshape(
            num_times, num_actors, JOINTS, 3
        )
