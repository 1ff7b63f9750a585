"""Balls that fly where the script wants them, one leg from touch to touch."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from raasid.data.synthetic.arrays import Floats
from raasid.data.synthetic.ball_path import BEFORE_S, RADIUS_M, STEP_S, BallPath, Triple, step, triple
from raasid.data.synthetic.pitch import CROSSBAR_M, GOAL_M, LENGTH_M

_NET_M = 1.4
"""So far behind the line the net catches a ball."""


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """From one touch to the next one."""

    start_s: float
    points: Floats
    """(n, 3) metres, every `STEP_S` from `start_s` on."""
    leaves: Floats
    """(3,) m/s at the start."""
    arrives: Floats
    """(3,) m/s at the end."""


class Legs(BallPath):
    """A ball whose way has kinks; at a kink it is exactly where the leg begins."""

    def __init__(self, legs: list[Leg]) -> None:
        super().__init__(np.concatenate([leg.points for leg in legs]))
        self.legs = legs
        self._starts = [leg.start_s for leg in legs]

    def at(self, t: float) -> Floats:
        """(3,) metres."""
        k = max(bisect_right(self._starts, t + 1e-9) - 1, 0)
        leg = self.legs[k]
        place = min(max((t - leg.start_s) / STEP_S, 0.0), len(leg.points) - 1.0)
        i = min(int(place), len(leg.points) - 2)
        return np.asarray(leg.points[i] + (leg.points[i + 1] - leg.points[i]) * (place - i))


def aimed(source: Floats, target: Floats, start_s: float, flight_s: float) -> Leg:
    """A flight from `source` that is exactly at `target` after `flight_s`."""
    velocity = (target - source) / flight_s + np.array([0.0, 0.0, 9.81 * flight_s / 2])
    points = source[None]
    arrives = velocity
    for _ in range(7):
        points, arrives = _fly(source, velocity, flight_s)
        whole = flight_s / STEP_S
        i = min(int(whole), len(points) - 2)
        end = points[i] + (points[i + 1] - points[i]) * (whole - i)
        velocity = velocity + (target - end) / flight_s
    return Leg(start_s, points, velocity, arrives)


def rolled(source: Floats, target: Floats, start_s: float, flight_s: float) -> Leg:
    """A ball along the grass at one speed."""
    velocity = (target - source) / flight_s
    times = np.arange(int(flight_s / STEP_S) + 3) * STEP_S
    return Leg(start_s, source + times[:, None] * velocity, velocity, velocity)


def free(source: Floats, velocity: Floats, start_s: float, until_s: float) -> Leg:
    """What physics makes of a ball that leaves `source`; goal nets stop it."""
    p, v = triple(source), triple(velocity)
    out = [p]
    for _ in range(int((until_s + BEFORE_S - start_s) / STEP_S) + 2):
        p, v = step(p, v)
        if _in_net(p):
            v = (v[0] * 0.6, v[1] * 0.6, v[2] * 0.95)
        out.append(p)
    return Leg(start_s, np.array(out), velocity, np.array(v))


def into_goal(path: BallPath, start_s: float, until_s: float) -> int:
    """-1 or 1 for the goal into which the ball goes in that time: whole ball over the line; 0 for none."""
    for t in np.arange(start_s, until_s + 1e-9, STEP_S):
        x, y, z = path.at(float(t)).tolist()
        if abs(x) > LENGTH_M / 2 + RADIUS_M:
            return int(np.sign(x)) if abs(y) < GOAL_M / 2 - RADIUS_M and z < CROSSBAR_M - RADIUS_M else 0
    return 0


def _in_net(p: Triple) -> bool:
    behind = abs(p[0]) - LENGTH_M / 2
    return _NET_M < behind < 3 and abs(p[1]) < GOAL_M / 2 and p[2] < CROSSBAR_M


def _fly(source: Floats, velocity: Floats, flight_s: float) -> tuple[Floats, Floats]:
    p, v = triple(source), triple(velocity)
    out = [p]
    for _ in range(int(flight_s / STEP_S) + 2):
        p, v = _airborne(p, v)
        out.append(p)
    return np.array(out), np.array(v)


def _airborne(p: Triple, v: Triple) -> tuple[Triple, Triple]:
    """One step without the ground: whoever aims keeps the ball above the grass himself."""
    (x, y, z), v = step((p[0], p[1], p[2] + 50.0), v)
    return (x, y, z - 50.0), v
