"""The people of a clip and where they are at any time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from raasid.data.records import Role
from raasid.data.synthetic import gait
from raasid.data.synthetic.arrays import Floats
from raasid.data.synthetic.kit import Outfit
from raasid.data.synthetic.pose_script import PoseScript
from raasid.data.synthetic.skeleton import joints

TIRING_S = 4.0
"""People slow down with this time constant, so that long clips stay on the pitch."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One person at time 0; metres, m/s, radians, seconds."""

    track: int
    role: Role
    team: str | None
    outfit: Outfit
    ground: tuple[float, float]
    velocity: tuple[float, float]
    facing: float
    """Heading of who stands still; runners face where they run."""
    height: float
    phase: float
    style: tuple[float, ...]
    kicks_at: float = float("nan")


class Cast:
    """Actors as arrays, so that a frame poses all of them at once.

    scripts: what some actors, by index, do with their bodies whatever their gait.
    """

    def __init__(self, actors: list[Actor], scripts: Mapping[int, PoseScript] | None = None) -> None:
        self.actors = actors
        self.scripts = dict(scripts or {})
        self._ground = np.array([a.ground for a in actors], dtype=np.float64).reshape(-1, 2)
        self._velocity = np.array([a.velocity for a in actors], dtype=np.float64).reshape(-1, 2)
        self._facing = np.array([a.facing for a in actors])
        self._height = np.array([a.height for a in actors])
        self._phase = np.array([a.phase for a in actors])
        self._style = np.array([a.style for a in actors]).reshape(-1, gait.STYLE)
        self._kicks_at = np.array([a.kicks_at for a in actors])
        self._keeper = np.array([float(a.role == "goalkeeper") for a in actors])

    def ground(self, t: float) -> Floats:
        """(N, 2) metres at time t."""
        travelled = TIRING_S * (1 - np.exp(-t / TIRING_S))
        return np.asarray(self._ground + self._velocity * travelled)

    def velocity(self, t: float) -> Floats:
        """(N, 2) m/s at time t."""
        return np.asarray(self._velocity * np.exp(-t / TIRING_S))

    def joints(self, t: float) -> Floats:
        """(N, 25, 3) metres at time t."""
        velocity = self.velocity(t)
        speed = np.hypot(velocity[:, 0], velocity[:, 1])
        moving = speed > 0.6
        heading = np.where(moving, np.arctan2(velocity[:, 1], velocity[:, 0]), self._facing)
        phase = self._phase + 2 * np.pi * gait.stride_hz(speed) * t
        ready = self._keeper * np.exp(-speed)
        pose = gait.angles(phase, speed, t - self._kicks_at, ready, self._style)
        hop = 0.05 * np.clip(speed - 3, 0, 4) / 4 * np.abs(np.sin(phase))
        if not self.scripts:
            return joints(pose, self.ground(t), heading, self._height, hop)
        arms = np.full((len(self.actors), 2, 2, 3), np.nan)
        tilt = np.zeros((len(self.actors), 2))
        for i, script in self.scripts.items():
            posed = script.at(t)
            arms[i], tilt[i] = posed.arms, posed.tilt
            hop[i] = posed.lift
            for given, angle in (
                (posed.hip, pose.hip),
                (posed.knee, pose.knee),
                (posed.lean, pose.lean),
                (posed.spread, pose.spread),
            ):
                if given is not None:
                    angle[i] = given
        return joints(pose, self.ground(t), heading, self._height, hop, arms, tilt)
