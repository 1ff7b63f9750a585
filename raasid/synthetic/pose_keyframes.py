"""Keyframed poses of a scripted person, with smooth movement from one to the next.

The active side, left or right, is that of the arm or leg which the scenario is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from raasid.synthetic.arrays import Floats

_GRAVITY = 9.81
_DOWN = np.array([0.0, 0.0, -1.0])
_MIRROR = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]])
"""Factors that turn the directions of left arms into those of a left and of a right arm."""
_FALL_SIGNS = (np.array([1.0, 1.0]), np.array([1.0, -1.0]))
"""Tilt of a fall towards the active side, left or right: forward, to the left."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The pose of one arm; degrees."""

    raised: float
    """Angle of the upper arm from hanging down: 90 is level, 180 straight up."""
    forward: float = 0.0
    """Direction in which it is raised: 0 sideways, 90 forward, -90 backward, 180 across the body."""
    elbow: float = 20.0
    """Bend; 0 is straight."""
    bend: tuple[float, float, float] = (1.0, 0.0, 0.2)
    """Direction to which the forearm bends: forward, outward, up."""

    @lru_cache(maxsize=64)  # noqa: B019 - arms are values, and the cache is small
    def directions(self) -> Floats:
        """Return unit vectors (2, 3) of the upper arm and the forearm of a left arm, in body axes."""
        raised, plane, elbow = np.radians([self.raised, self.forward, self.elbow])
        aside = np.array([np.sin(plane), np.cos(plane), 0.0])
        upper = np.cos(raised) * _DOWN + np.sin(raised) * aside
        across = np.array(self.bend) - upper * (np.array(self.bend) @ upper)
        if float(np.linalg.norm(across)) < 1e-6:
            return np.stack([upper, upper])
        across /= np.linalg.norm(across)
        return np.stack([upper, np.cos(elbow) * upper + np.sin(elbow) * across])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A keyframe; None leaves a body part to the gait. Degrees; legs as in `skeleton.Angles`."""

    arm: Arm | None = None
    """On the active side."""
    other_arm: Arm | None = None
    hip: tuple[float, float] | None = None
    """Of the leg on the active side, and of the other one."""
    knee: tuple[float, float] | None = None
    spread: float | None = None
    lean: float | None = None
    fall: tuple[float, float] = (0.0, 0.0)
    """How far the whole body has fallen forward, and towards the active side."""


@dataclass(frozen=True, slots=True, eq=False)
class PoseAngles:
    """Poses at T times: radians and metres, left before right; NaN where the gait applies."""

    arms: Floats
    """(T, 2, 2, 3): upper arms, forearms."""
    hip: Floats
    """(T, 2)"""
    knee: Floats
    """(T, 2)"""
    spread: Floats
    """(T, 1)"""
    lean: Floats
    """(T,)"""
    tilt: Floats
    """(T, 2)"""
    lift: Floats
    """(T,)"""


@dataclass(frozen=True)
class PoseAnimation:
    """Keyframes (seconds, pose) in order of time; the first and the last one are held."""

    keys: tuple[tuple[float, Pose], ...]
    side: int = 0
    """The active side: 0 left, 1 right."""
    jump: tuple[float, float] | None = None
    """Time of the highest point of a jump, seconds, and its height, metres."""

    def at(self, times: Floats) -> PoseAngles:
        """Return the poses at times (T,)."""
        key_times, key = self._keys
        after = np.searchsorted(key_times, times)
        i, j = np.maximum(after - 1, 0), np.minimum(after, len(key_times) - 1)
        share = np.where(
            i == j, 0.0, (times - key_times[i]) / np.where(i == j, 1.0, key_times[j] - key_times[i])
        )
        share = share * share * (3 - 2 * share)

        weight = share[:, None]
        angles = np.radians(key.angles[i] + (key.angles[j] - key.angles[i]) * weight)
        fall = key.fall[i] * (1 - weight) + key.fall[j] * weight
        weight = weight[..., None, None]
        arms = key.arms[i] * (1 - weight) + key.arms[j] * weight
        arms /= np.sqrt((arms * arms).sum(axis=-1, keepdims=True))
        lift = np.zeros(len(times))
        if self.jump is not None:
            highest_s, height_m = self.jump
            lift = np.maximum(0.0, height_m - _GRAVITY / 2 * (times - highest_s) ** 2)
        return PoseAngles(
            arms=arms * _MIRROR,
            hip=angles[:, 0:2],
            knee=angles[:, 2:4],
            spread=angles[:, 4:5],
            lean=angles[:, 5],
            tilt=np.radians(fall) * _FALL_SIGNS[self.side],
            lift=lift,
        )

    @cached_property
    def _keys(self) -> tuple[Floats, _Keys]:
        """Times (K,) and poses of the keyframes."""
        poses = [pose for _, pose in self.keys]
        arms = np.full((len(poses), 2, 2, 3), np.nan)
        angles = np.full((len(poses), 6), np.nan)
        for k, pose in enumerate(poses):
            for side, arm in ((self.side, pose.arm), (1 - self.side, pose.other_arm)):
                if arm is not None:
                    arms[k, :, side] = arm.directions()
            for first, pair in ((0, pose.hip), (2, pose.knee)):
                if pair is not None:
                    angles[k, first : first + 2] = pair if self.side == 0 else pair[::-1]
            for column, angle in ((4, pose.spread), (5, pose.lean)):
                if angle is not None:
                    angles[k, column] = angle
        fall = np.array([pose.fall for pose in poses])
        return np.array([time for time, _ in self.keys]), _Keys(arms, angles, fall)


@dataclass(frozen=True, slots=True, eq=False)
class _Keys:
    """The poses of K keyframes."""

    arms: Floats
    """(K, 2, 2, 3) as in `PoseAngles`, both as left arms."""
    angles: Floats
    """(K, 6) degrees: hips, knees, spread, lean."""
    fall: Floats
    """(K, 2) degrees."""
