"""What a scripted person does with the body: key postures, and smooth movement from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from raasid.data.synthetic.arrays import Floats

_GRAVITY = 9.81
_DOWN = np.array([0.0, 0.0, -1.0])


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
class Posed:
    """A posture at one time; radians and metres, left before right."""

    arms: Floats
    """(2, 2, 3): upper arms, forearms."""
    hip: Floats | None
    knee: Floats | None
    spread: Floats | None
    lean: float | None
    tilt: Floats
    lift: float


@dataclass(frozen=True, slots=True)
class PoseScript:
    """Key postures in the order of time, seconds; before the first and after the last one it is held."""

    keys: tuple[tuple[float, Pose], ...]
    side: int = 0
    """Of the arm that the story is about: 0 left, 1 right."""
    jump: tuple[float, float] | None = None
    """When the jump is highest, and how high, metres."""

    def at(self, t: float) -> Posed:
        """The posture at time t."""
        times = [time for time, _ in self.keys]
        after = int(np.searchsorted(times, t))
        i, j = max(after - 1, 0), min(after, len(times) - 1)
        share = 0.0 if i == j else (t - times[i]) / (times[j] - times[i])
        share = share * share * (3 - 2 * share)
        a, b = self.keys[i][1], self.keys[j][1]
        fall = np.array(a.fall) * (1 - share) + np.array(b.fall) * share
        spread = _mix(a.spread, b.spread, share)
        lean = _mix(a.lean, b.lean, share)
        return Posed(
            arms=self._arms(a, b, share),
            hip=self._legs(_between(a.hip, b.hip, share)),
            knee=self._legs(_between(a.knee, b.knee, share)),
            spread=None if spread is None else np.radians([spread, spread]),
            lean=None if lean is None else float(np.radians(lean)),
            tilt=np.radians(fall) * np.array([1.0, 1.0 if self.side == 0 else -1.0]),
            lift=0.0 if self.jump is None else self._lift(t, *self.jump),
        )

    @staticmethod
    def _lift(t: float, highest_s: float, height_m: float) -> float:
        return max(0.0, height_m - _GRAVITY / 2 * (t - highest_s) ** 2)

    def _arms(self, a: Pose, b: Pose, share: float) -> Floats:
        out = np.full((2, 2, 3), np.nan)
        for side, (first, second) in ((self.side, (a.arm, b.arm)), (1 - self.side, (a.other, b.other))):
            if first is None or second is None:
                continue
            way = first.directions() * (1 - share) + second.directions() * share
            way /= np.linalg.norm(way, axis=1, keepdims=True)
            out[:, side] = way * np.array([1.0, 1.0 if side == 0 else -1.0, 1.0])
        return out

    def _legs(self, degrees: Floats | None) -> Floats | None:
        if degrees is None:
            return None
        return np.radians(degrees if self.side == 0 else degrees[::-1])


def _between(a: tuple[float, float] | None, b: tuple[float, float] | None, share: float) -> Floats | None:
    if a is None or b is None:
        return None
    return np.asarray(np.array(a) + (np.array(b) - np.array(a)) * share)


def _mix(a: float | None, b: float | None, share: float) -> float | None:
    return None if a is None or b is None else a + (b - a) * share
