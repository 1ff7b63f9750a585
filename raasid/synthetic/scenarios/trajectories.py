"""Balls that fly where the script wants them, one leg from touch to touch.

What becomes of the ball after the touch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.random import Generator

from raasid.synthetic.actors import Cast
from raasid.synthetic.arrays import Floats
from raasid.synthetic.ball_physics import (
    DRAG_PER_M,
    GRAVITY,
    LEAD_IN_S,
    RADIUS_M,
    STEP_S,
    BallPath,
    Triple,
    step,
    triple,
)
from raasid.synthetic.pitch import CROSSBAR_M, GOAL_M, LENGTH_M
from raasid.synthetic.scenarios.script import AttemptFailed, Script

_NET_M = 1.4
"""So far behind the line the net catches a ball."""


@dataclass(frozen=True, slots=True, eq=False)
class TrajectoryLeg:
    """From one touch to the next one."""

    start_s: float
    points: Floats
    """(n, 3) metres, every `STEP_S` from `start_s` on."""
    leaves: Floats
    """(3,) m/s at the start."""
    arrives: Floats
    """(3,) m/s at the end."""


class BallTrajectory(BallPath):
    """A ball whose way has kinks; at a kink it is exactly where the leg begins."""

    def __init__(self, legs: list[TrajectoryLeg]) -> None:
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

    def along(self, times: Floats) -> Floats:
        """(T, 3) metres at times (T,)."""
        which = np.maximum(np.searchsorted(self._starts, times + 1e-9, side="right") - 1, 0)
        out = np.empty((len(times), 3))
        for k in np.unique(which).tolist():
            leg, mine = self.legs[k], which == k
            place = np.clip((times[mine] - leg.start_s) / STEP_S, 0.0, len(leg.points) - 1.0)
            i = np.minimum(place.astype(int), len(leg.points) - 2)
            here = leg.points[i]
            out[mine] = here + (leg.points[i + 1] - here) * (place - i)[:, None]
        return out


def aimed(source: Floats, target: Floats, start_s: float, flight_s: float) -> TrajectoryLeg:
    """A flight from `source` that is exactly at `target` after `flight_s`."""
    velocity = (target - source) / flight_s + np.array([0.0, 0.0, 9.81 * flight_s / 2])
    whole = flight_s / STEP_S
    i = int(whole)
    points, arrives = [triple(source)], triple(velocity)
    for _ in range(7):
        points, arrives = _fly(triple(source), triple(velocity), i + 2)
        here, after = np.array(points[i]), np.array(points[i + 1])
        velocity = velocity + (target - (here + (after - here) * (whole - i))) / flight_s
    return TrajectoryLeg(start_s, np.array(points), velocity, np.array(arrives))


def rolled(source: Floats, target: Floats, start_s: float, flight_s: float) -> TrajectoryLeg:
    """A ball along the grass at one speed."""
    velocity = (target - source) / flight_s
    times = np.arange(int(flight_s / STEP_S) + 3) * STEP_S
    return TrajectoryLeg(start_s, source + times[:, None] * velocity, velocity, velocity)


def free(source: Floats, velocity: Floats, start_s: float, until_s: float) -> TrajectoryLeg:
    """What physics makes of a ball that leaves `source`; goal nets stop it."""
    p, v = triple(source), triple(velocity)
    out = [p]
    for _ in range(int((until_s + LEAD_IN_S - start_s) / STEP_S) + 2):
        p, v = step(p, v)
        if _in_net(p):
            v = (v[0] * 0.6, v[1] * 0.6, v[2] * 0.95)
        out.append(p)
    return TrajectoryLeg(start_s, np.array(out), velocity, np.array(v))


def into_goal(path: BallPath, start_s: float, until_s: float) -> int:
    """-1 or 1 for the goal into which the ball goes in that time: whole ball over the line; 0 for none."""
    way = path.along(np.arange(start_s, until_s + 1e-9, STEP_S))
    over = np.flatnonzero(np.abs(way[:, 0]) > LENGTH_M / 2 + RADIUS_M)
    if len(over) == 0:
        return 0
    x, y, z = way[over[0]].tolist()
    return int(np.sign(x)) if abs(y) < GOAL_M / 2 - RADIUS_M and z < CROSSBAR_M - RADIUS_M else 0


def _in_net(p: Triple) -> bool:
    behind = abs(p[0]) - LENGTH_M / 2
    return _NET_M < behind < 3 and abs(p[1]) < GOAL_M / 2 and p[2] < CROSSBAR_M


def _fly(p: Triple, v: Triple, steps: int) -> tuple[list[Triple], Triple]:
    """Places of a flight, and its last velocity; whoever aims keeps the ball above the grass himself.

    It is `step` high above the ground, without its questions: thousands of flights are tried.
    """
    (x, y, z), (vx, vy, vz) = p, v
    out = [p]
    for _ in range(steps):
        drag = DRAG_PER_M * sqrt(vx * vx + vy * vy + vz * vz)
        vx -= STEP_S * (drag * vx)
        vy -= STEP_S * (drag * vy)
        vz -= STEP_S * (drag * vz + GRAVITY)
        x, y, z = x + vx * STEP_S, y + vy * STEP_S, z + 50.0 + vz * STEP_S - 50.0
        out.append((x, y, z))
    return out, (vx, vy, vz)


@dataclass(frozen=True, slots=True, eq=False)
class BallEnding:
    """All that is left to chance has been drawn; the way is worked out when somebody wants to know it."""

    legs: Callable[[Floats], list[TrajectoryLeg]]
    """For the velocity (3,) with which the ball arrives."""
    next_kick: tuple[float, Floats] | None = None
    """When and where it is played next."""


def draw_ending(
    rng: Generator, script: Script, normal: Floats, *, target: Floats, way: int, player: Cast, span: Floats
) -> BallEnding:
    """What the ball does from the moment on, raising AttemptFailed where it cannot.

    normal, target: (3,) of the touch. way: where the player's team attacks. span: moment and end, seconds.
    """
    moment, end = span.tolist()
    if script.ending == "passes":
        return BallEnding(lambda arrives: [free(target, arrives, moment, end)])
    if script.ending == "bounces":
        spring, grip = rng.uniform(*script.spring), rng.uniform(0.1, 0.4)
        chance = rng.normal(0, 0.3, 3)

        def bounce(arrives: Floats) -> list[TrajectoryLeg]:
            into = min(0.0, float(arrives @ normal))
            away = arrives - (1 + spring) * into * normal
            slide = away - (away @ normal) * normal
            return [free(target, away - slide * grip + chance, moment, end)]

        return BallEnding(bounce)
    goal = np.array([way * (LENGTH_M / 2 + 0.35), rng.uniform(-0.85, 0.85) * (GOAL_M / 2), 0.0])
    if script.ending == "goal":
        goal[2] = rng.uniform(0.3, 1.9)
        scores = _shot(target, goal, moment, rng.uniform(8, 13), normal, end)
        return BallEnding(lambda _: scores)
    drop_s = float(rng.uniform(0.28, 0.36))
    if script.ending == "scores_next":
        heading = player.actors[0].facing
        ground = player.ground(moment + drop_s)[0]
        ahead = np.array([np.cos(heading), np.sin(heading)])
        left = np.array([-np.sin(heading), np.cos(heading)])
        drop = np.array([*(ground + 0.5 * ahead - 0.14 * left), rng.uniform(0.15, 0.35)])
    else:
        aside = rng.uniform(1.3, 2.4) * np.array([way * rng.uniform(-0.2, 0.8), rng.choice([-1, 1])])
        drop = np.array([*(target[:2] + aside), rng.uniform(0.12, 0.3)])
    falls = aimed(target, drop, moment, drop_s)
    if falls.leaves @ normal < 0.0 or falls.points[:-2, 2].min() < RADIUS_M - 0.05:
        raise AttemptFailed("it cannot fall there")
    goal[2] += rng.uniform(0.3, 1.6)
    shot = _shot(drop, goal, moment + drop_s, rng.uniform(15, 22), None, end)
    return BallEnding(lambda _: [falls, *shot], (moment + drop_s, drop))


def _shot(
    source: Floats, goal: Floats, start_s: float, speed: float, normal: Floats | None, end: float
) -> list[TrajectoryLeg]:
    lasts = float(np.linalg.norm(goal - source)) / speed
    leg = aimed(source, goal, start_s, lasts)
    if normal is not None and leg.leaves @ normal < 0.2 * speed:
        raise AttemptFailed("the arm cannot send it there")
    if leg.points[:-2, 2].min() < RADIUS_M - 0.05:
        raise AttemptFailed("through the ground")
    return [leg, free(goal, leg.arrives, start_s + lasts, max(end, start_s + lasts) + 0.3)]
