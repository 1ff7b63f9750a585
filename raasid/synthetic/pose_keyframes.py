"""What a scripted person does with the body: key postures, and smooth movement from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from raasid.synthetic.arrays import Floats

_GRAVITY = 9.81
_DOWN = np.array([0.0, 0.0, -1.0])
_OUTWARD = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]])
"""A left arm, and a right one as its mirror image."""
_TOWARDS = (np.array([1.0, 1.0]), np.array([1.0, -1.0]))
"""How a fall towards the story's side, left or right, tilts the body."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm's posture; degrees."""

    raised: float
    """Between the upper arm and hanging down: 90 is level, 180 straight up."""
    forward: float = 0.0
    """The way in which it is raised: 0 sideways, 90 forward, -90 backward, 180 across the body."""
    elbow: float = 20.0
    """Bend; 0 is straight."""
    bend: tuple[float, float, float] = (1.0, 0.0, 0.2)
    """Where the forearm bends to: forward, outward, up."""

    @lru_cache(maxsize=64)  # noqa: B019 - an arm is a value, and few are kept
    def directions(self) -> Floats:
        """Unit vectors (2, 3) of the upper arm and the forearm of a left arm, in body axes."""
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
    """A key posture; None leaves a part to the gait. Degrees; legs as `gait.angles` has them."""

    arm: Arm | None = None
    """The arm that the story is about."""
    other: Arm | None = None
    hip: tuple[float, float] | None = None
    """Of the leg on the story's side, and of the other one."""
    knee: tuple[float, float] | None = None
    spread: float | None = None
    lean: float | None = None
    fall: tuple[float, float] = (0.0, 0.0)
    """By how much the whole body has fallen forward, and towards the story's side."""


@dataclass(frozen=True, slots=True, eq=False)
class PoseAngles:
    """A posture at T times; radians and metres, left before right; NaN where the gait decides."""

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
    """Key postures in the order of time, seconds; before the first and after the last one it is held."""

    keys: tuple[tuple[float, Pose], ...]
    side: int = 0
    """Of the arm that the story is about: 0 left, 1 right."""
    jump: tuple[float, float] | None = None
    """When the jump is highest, and how high, metres."""

    def at(self, times: Floats) -> PoseAngles:
        """The posture at times (T,)."""
        when, key = self._keys
        after = np.searchsorted(when, times)
        i, j = np.maximum(after - 1, 0), np.minimum(after, len(when) - 1)
        share = np.where(i == j, 0.0, (times - when[i]) / np.where(i == j, 1.0, when[j] - when[i]))
        share = share * share * (3 - 2 * share)

        part = share[:, None]
        angles = np.radians(key.angles[i] + (key.angles[j] - key.angles[i]) * part)
        fall = key.fall[i] * (1 - part) + key.fall[j] * part
        part = part[..., None, None]
        arms = key.arms[i] * (1 - part) + key.arms[j] * part
        arms /= np.sqrt((arms * arms).sum(axis=-1, keepdims=True))
        lift = np.zeros(len(times))
        if self.jump is not None:
            highest_s, height_m = self.jump
            lift = np.maximum(0.0, height_m - _GRAVITY / 2 * (times - highest_s) ** 2)
        return PoseAngles(
            arms=arms * _OUTWARD,
            hip=angles[:, 0:2],
            knee=angles[:, 2:4],
            spread=angles[:, 4:5],
            lean=angles[:, 5],
            tilt=np.radians(fall) * _TOWARDS[self.side],
            lift=lift,
        )

    @cached_property
    def _keys(self) -> tuple[Floats, _Keys]:
        """When, and the postures of that time."""
        poses = [pose for _, pose in self.keys]
        arms = np.full((len(poses), 2, 2, 3), np.nan)
        angles = np.full((len(poses), 6), np.nan)
        for k, pose in enumerate(poses):
            for side, arm in ((self.side, pose.arm), (1 - self.side, pose.other)):
                if arm is not None:
                    arms[k, :, side] = arm.directions()
            for first, pair in ((0, pose.hip), (2, pose.knee)):
                if pair is not None:
                    angles[k, first : first + 2] = pair if self.side == 0 else pair[::-1]
            for place, angle in ((4, pose.spread), (5, pose.lean)):
                if angle is not None:
                    angles[k, place] = angle
        fall = np.array([pose.fall for pose in poses])
        return np.array([time for time, _ in self.keys]), _Keys(arms, angles, fall)


@dataclass(frozen=True, slots=True, eq=False)
class _Keys:
    """Of K key postures."""

    arms: Floats
    """(K, 2, 2, 3) as in `PoseAngles`, both as if they were left ones."""
    angles: Floats
    """(K, 6) degrees: hips, knees, spread, lean."""
    fall: Floats
    """(K, 2) degrees."""
