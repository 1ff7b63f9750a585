"""What becomes of the ball after the touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Floats
from raasid.data.synthetic.ball_path import RADIUS_M
from raasid.data.synthetic.cast import Cast
from raasid.data.synthetic.pitch import GOAL_M, LENGTH_M
from raasid.data.synthetic.scenarios.flight import Leg, aimed, free
from raasid.data.synthetic.scenarios.script import Script, Unplayable


@dataclass(frozen=True, slots=True, eq=False)
class Ending:
    """All that is left to chance has been drawn; the way is worked out when somebody wants to know it."""

    legs: Callable[[Floats], list[Leg]]
    """For the velocity (3,) with which the ball arrives."""
    next_kick: tuple[float, Floats] | None = None
    """When and where it is played next."""


def draw_ending(
    rng: Generator, script: Script, normal: Floats, *, target: Floats, way: int, hero: Cast, span: Floats
) -> Ending:
    """What the ball does from the moment on, raising Unplayable where it cannot.

    normal, target: (3,) of the touch. way: where the hero's team attacks. span: moment and end, seconds.
    """
    moment, end = span.tolist()
    if script.ending == "passes":
        return Ending(lambda arrives: [free(target, arrives, moment, end)])
    if script.ending == "bounces":
        spring, grip = rng.uniform(*script.spring), rng.uniform(0.1, 0.4)
        chance = rng.normal(0, 0.3, 3)

        def bounce(arrives: Floats) -> list[Leg]:
            into = min(0.0, float(arrives @ normal))
            away = arrives - (1 + spring) * into * normal
            slide = away - (away @ normal) * normal
            return [free(target, away - slide * grip + chance, moment, end)]

        return Ending(bounce)
    goal = np.array([way * (LENGTH_M / 2 + 0.35), rng.uniform(-0.85, 0.85) * (GOAL_M / 2), 0.0])
    if script.ending == "goal":
        goal[2] = rng.uniform(0.3, 1.9)
        scores = _shot(target, goal, moment, rng.uniform(8, 13), normal, end)
        return Ending(lambda _: scores)
    drop_s = float(rng.uniform(0.28, 0.36))
    if script.ending == "scores_next":
        heading = hero.actors[0].facing
        ground = hero.ground(moment + drop_s)[0]
        ahead = np.array([np.cos(heading), np.sin(heading)])
        left = np.array([-np.sin(heading), np.cos(heading)])
        drop = np.array([*(ground + 0.5 * ahead - 0.14 * left), rng.uniform(0.15, 0.35)])
    else:
        aside = rng.uniform(1.3, 2.4) * np.array([way * rng.uniform(-0.2, 0.8), rng.choice([-1, 1])])
        drop = np.array([*(target[:2] + aside), rng.uniform(0.12, 0.3)])
    falls = aimed(target, drop, moment, drop_s)
    if falls.leaves @ normal < 0.0 or falls.points[:-2, 2].min() < RADIUS_M - 0.05:
        raise Unplayable("it cannot fall there")
    goal[2] += rng.uniform(0.3, 1.6)
    shot = _shot(drop, goal, moment + drop_s, rng.uniform(15, 22), None, end)
    return Ending(lambda _: [falls, *shot], (moment + drop_s, drop))


def _shot(
    source: Floats, goal: Floats, start_s: float, speed: float, normal: Floats | None, end: float
) -> list[Leg]:
    lasts = float(np.linalg.norm(goal - source)) / speed
    leg = aimed(source, goal, start_s, lasts)
    if normal is not None and leg.leaves @ normal < 0.2 * speed:
        raise Unplayable("the arm cannot send it there")
    if leg.points[:-2, 2].min() < RADIUS_M - 0.05:
        raise Unplayable("through the ground")
    return [leg, free(goal, leg.arrives, start_s + lasts, max(end, start_s + lasts) + 0.3)]
