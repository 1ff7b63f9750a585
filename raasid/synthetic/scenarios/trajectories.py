"""Paths of the ball in scripted scenes: legs from touch to touch, and what follows the touch."""

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
"""Distance behind the goal line at which the net catches a ball."""


@dataclass(frozen=True, slots=True, eq=False)
class TrajectoryLeg:
    """The path from one touch to the next."""

    start_s: float
    points: Floats
    """(n, 3) metres, every `STEP_S` from `start_s` on."""
    start_velocity: Floats
    """(3,) m/s."""
    end_velocity: Floats
    """(3,) m/s."""


class BallTrajectory(BallPath):
    """A path of several legs; at the start of a leg the ball is exactly at its first point."""

    def __init__(self, legs: list[TrajectoryLeg]) -> None:
        super().__init__(np.concatenate([leg.points for leg in legs]))
        self.legs = legs
        self._starts = [leg.start_s for leg in legs]

    def at(self, t: float) -> Floats:
        """Return (3,) metres."""
        k = max(bisect_right(self._starts, t + 1e-9) - 1, 0)
        leg = self.legs[k]
        position = min(max((t - leg.start_s) / STEP_S, 0.0), len(leg.points) - 1.0)
        i = min(int(position), len(leg.points) - 2)
        return np.asarray(leg.points[i] + (leg.points[i + 1] - leg.points[i]) * (position - i))

    def along(self, times: Floats) -> Floats:
        """Return (T, 3) metres at times (T,)."""
        leg_index = np.maximum(np.searchsorted(self._starts, times + 1e-9, side="right") - 1, 0)
        out = np.empty((len(times), 3))
        for k in np.unique(leg_index).tolist():
            leg, in_leg = self.legs[k], leg_index == k
            position = np.clip((times[in_leg] - leg.start_s) / STEP_S, 0.0, len(leg.points) - 1.0)
            i = np.minimum(position.astype(int), len(leg.points) - 2)
            here = leg.points[i]
            out[in_leg] = here + (leg.points[i + 1] - here) * (position - i)[:, None]
        return out


def aimed_flight(source: Floats, target: Floats, start_s: float, flight_s: float) -> TrajectoryLeg:
    """Return a flight from `source` that is exactly at `target` after `flight_s`."""
    velocity = (target - source) / flight_s + np.array([0.0, 0.0, 9.81 * flight_s / 2])
    num_steps = flight_s / STEP_S
    i = int(num_steps)
    points, arrives = [triple(source)], triple(velocity)
    for _ in range(7):
        points, arrives = _fly(triple(source), triple(velocity), i + 2)
        here, after = np.array(points[i]), np.array(points[i + 1])
        velocity = velocity + (target - (here + (after - here) * (num_steps - i))) / flight_s
    return TrajectoryLeg(start_s, np.array(points), velocity, np.array(arrives))


def roll(source: Floats, target: Floats, start_s: float, flight_s: float) -> TrajectoryLeg:
    """Return a roll along the grass at constant speed."""
    velocity = (target - source) / flight_s
    times = np.arange(int(flight_s / STEP_S) + 3) * STEP_S
    return TrajectoryLeg(start_s, source + times[:, None] * velocity, velocity, velocity)


def free_flight(source: Floats, velocity: Floats, start_s: float, until_s: float) -> TrajectoryLeg:
    """Simulate a ball that leaves `source` with `velocity`; goal nets stop it."""
    p, v = triple(source), triple(velocity)
    out = [p]
    for _ in range(int((until_s + LEAD_IN_S - start_s) / STEP_S) + 2):
        p, v = step(p, v)
        if _in_net(p):
            v = (v[0] * 0.6, v[1] * 0.6, v[2] * 0.95)
        out.append(p)
    return TrajectoryLeg(start_s, np.array(out), velocity, np.array(v))


def goal_entered(path: BallPath, start_s: float, until_s: float) -> int:
    """Return -1 or 1 for the goal that the whole ball enters in that time, 0 for none."""
    positions = path.along(np.arange(start_s, until_s + 1e-9, STEP_S))
    over = np.flatnonzero(np.abs(positions[:, 0]) > LENGTH_M / 2 + RADIUS_M)
    if len(over) == 0:
        return 0
    x, y, z = positions[over[0]].tolist()
    return int(np.sign(x)) if abs(y) < GOAL_M / 2 - RADIUS_M and z < CROSSBAR_M - RADIUS_M else 0


def _in_net(p: Triple) -> bool:
    behind = abs(p[0]) - LENGTH_M / 2
    return _NET_M < behind < 3 and abs(p[1]) < GOAL_M / 2 and p[2] < CROSSBAR_M


def _fly(p: Triple, v: Triple, steps: int) -> tuple[list[Triple], Triple]:
    """Return the positions of a flight and its last velocity; callers keep the ball above the grass.

    This is `ball_physics.step` without contact with the ground: thousands of flights are tried.
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
    """What the ball does after the touch; everything random is drawn, the path is computed on demand."""

    legs: Callable[[Floats], list[TrajectoryLeg]]
    """Returns the legs for the velocity (3,) with which the ball arrives."""
    next_kick: tuple[float, Floats] | None = None
    """Time and position of the next kick."""


def draw_ending(
    rng: Generator,
    script: Script,
    normal: Floats,
    *,
    target: Floats,
    attack_sign: int,
    player: Cast,
    span: Floats,
) -> BallEnding:
    """Draw what the ball does from the moment on.

    normal, target: (3,) of the touch. attack_sign: as in `SceneAttempt`. span: moment and end, seconds.
    Raises AttemptFailed if the geometry does not allow it.
    """
    moment, end = span.tolist()
    if script.ending == "passes":
        return BallEnding(lambda velocity: [free_flight(target, velocity, moment, end)])
    if script.ending == "bounces":
        restitution, grip = rng.uniform(*script.restitution), rng.uniform(0.1, 0.4)
        noise = rng.normal(0, 0.3, 3)

        def bounce(velocity: Floats) -> list[TrajectoryLeg]:
            into = min(0.0, float(velocity @ normal))
            away = velocity - (1 + restitution) * into * normal
            slide = away - (away @ normal) * normal
            return [free_flight(target, away - slide * grip + noise, moment, end)]

        return BallEnding(bounce)
    goal = np.array([attack_sign * (LENGTH_M / 2 + 0.35), rng.uniform(-0.85, 0.85) * (GOAL_M / 2), 0.0])
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
        aside = rng.uniform(1.3, 2.4) * np.array([attack_sign * rng.uniform(-0.2, 0.8), rng.choice([-1, 1])])
        drop = np.array([*(target[:2] + aside), rng.uniform(0.12, 0.3)])
    falls = aimed_flight(target, drop, moment, drop_s)
    if falls.start_velocity @ normal < 0.0 or falls.points[:-2, 2].min() < RADIUS_M - 0.05:
        raise AttemptFailed("the ball cannot fall there")
    goal[2] += rng.uniform(0.3, 1.6)
    shot = _shot(drop, goal, moment + drop_s, rng.uniform(15, 22), None, end)
    return BallEnding(lambda _: [falls, *shot], (moment + drop_s, drop))


def _shot(
    source: Floats, goal: Floats, start_s: float, speed: float, normal: Floats | None, end: float
) -> list[TrajectoryLeg]:
    flight_s = float(np.linalg.norm(goal - source)) / speed
    leg = aimed_flight(source, goal, start_s, flight_s)
    if normal is not None and leg.start_velocity @ normal < 0.2 * speed:
        raise AttemptFailed("the ball cannot leave the arm in that direction")
    if leg.points[:-2, 2].min() < RADIUS_M - 0.05:
        raise AttemptFailed("the ball would pass through the ground")
    return [leg, free_flight(goal, leg.end_velocity, start_s + flight_s, max(end, start_s + flight_s) + 0.3)]
