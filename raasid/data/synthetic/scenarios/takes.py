"""Takes of a scenario: a body in its posture, and a ball that meets it at the moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.random import Generator

from raasid.data.synthetic.arrays import Floats
from raasid.data.synthetic.ball_path import BEFORE_S, RADIUS_M
from raasid.data.synthetic.cast import TIRING_S, Actor, Cast
from raasid.data.synthetic.pitch import GOAL_M, LENGTH_M
from raasid.data.synthetic.pose_script import PoseScript
from raasid.data.synthetic.scenarios import anatomy
from raasid.data.synthetic.scenarios.flight import Leg, Legs, aimed, free, rolled
from raasid.data.synthetic.scenarios.script import Script


@dataclass(frozen=True, eq=False)
class Take:
    """One try; times are those of the clip."""

    script: Script
    way: int
    """1 when the hero's team attacks towards +x, else -1."""
    hero: Actor
    posture: PoseScript
    ball: Legs
    moment_s: float
    normal: Floats
    """(3,) from the segment towards the ball at the moment."""
    source: Floats
    """(3,) where another player has played the ball,"""
    kicked_s: float
    """and when."""
    next_kick: tuple[float, Floats] | None = None
    """When and where the ball is played after the touch."""

    @property
    def side(self) -> int:
        """Of the touched arm or leg: 0 left, 1 right."""
        return self.posture.side

    @cached_property
    def body(self) -> Cast:
        """The hero alone."""
        return Cast([self.hero], {0: self.posture})


class Unplayable(Exception):
    """A take that does not work out; the next one may."""


def try_take(rng: Generator, script: Script, way: int, hero: Actor, camera: Floats, span: Floats) -> Take:
    """Draw one take, raising Unplayable where the geometry forbids it.

    camera: (3,) metres. span: moment and end of the clip, seconds.
    """
    moment = float(span[0])
    place = _place(rng, script, way)
    to_camera = np.arctan2(camera[1] - place[1], camera[0] - place[0])
    facing = float(to_camera + np.radians(rng.uniform(*script.turned)))
    if "goal_line" in script.places:
        facing = float((0.0 if way > 0 else np.pi) + np.radians(rng.uniform(-55, 55)))
    # the story's arm is the one that the camera sees
    aside = np.sin(to_camera - facing)
    side = 0 if aside > 0.35 or (aside > -0.35 and rng.random() < 0.5) else 1
    pace = float(rng.uniform(*script.pace))
    velocity = pace * np.array([np.cos(facing), np.sin(facing)])
    start = place - velocity * TIRING_S * (1 - np.exp(-moment / TIRING_S))
    hero = replace(
        hero,
        ground=(float(start[0]), float(start[1])),
        velocity=(float(velocity[0]), float(velocity[1])),
        facing=facing,
    )
    angle = facing + (1 if side == 0 else -1) * np.radians(rng.uniform(*script.comes_from))
    if np.cos(angle - to_camera) > 0.85:
        raise Unplayable("the kicker stands before the camera")
    distance, speed = rng.uniform(*script.distance), rng.uniform(*script.speed)
    source = np.array([*(place + distance * np.array([np.cos(angle), np.sin(angle)])), RADIUS_M])
    if abs(source[0]) > LENGTH_M / 2 - 0.5 or abs(source[1]) > 33:
        raise Unplayable("the kicker stands off the pitch")

    keys = tuple((moment + t, pose) for t, pose in script.keys)
    posture = PoseScript(keys, side, (moment, script.jump_m) if script.jump_m else None)
    body = Cast([hero], {0: posture})
    normal, target = _meeting(rng, script, body.joints(moment)[0], side, source=source, camera=camera)
    legs: list[Leg] = []
    if script.first is None:
        arrives = _flight(source, target, moment, distance / speed)
    else:
        early = moment - rng.uniform(0.12, 0.22)
        first_normal, first = _touch(
            rng, script.first, body.joints(early)[0], side, part=(0.2, 0.9), source=source
        )
        comes = _flight(source, first, early, distance / speed)
        arrives = aimed(first, target, early, moment - early)
        if arrives.leaves @ first_normal < 0.3 or comes.arrives @ first_normal > -0.3:
            raise Unplayable("no deflection looks like that")
        legs.append(comes)
    legs.append(arrives)
    kicked = legs[0].start_s
    if kicked > -BEFORE_S:
        rolls = legs[0].leaves * np.array([1.0, 1.0, 0.0])
        rolls *= rng.uniform(0.3, 2.0) / max(float(np.linalg.norm(rolls)), 1e-6)
        lasts = kicked + BEFORE_S + 0.05
        legs.insert(0, rolled(source - rolls * lasts, source, kicked - lasts, lasts))
    gone, after = _ending(rng, script, arrives.arrives, normal, target=target, way=way, hero=body, span=span)
    if after is not None and script.ending == "scores_next":
        hero = replace(hero, kicks_at=after[0])
    ball = Legs([*legs, *gone])
    return Take(script, way, hero, posture, ball, moment, normal, source, kicked, after)


def _place(rng: Generator, script: Script, way: int) -> Floats:
    where = script.places[int(rng.integers(len(script.places)))]
    if where == "goal_mouth":
        return np.array([way * rng.uniform(45.5, 50.2), rng.uniform(-5.5, 5.5)])
    if where == "goal_line":
        return np.array([-way * (LENGTH_M / 2 - rng.uniform(0.35, 0.9)), rng.uniform(-2.6, 2.6)])
    if where == "midfield":
        return np.array([rng.uniform(-32, 32), rng.uniform(-20, 28)])
    deep = rng.uniform(46, 51) if script.keeper else rng.uniform(38, 50)
    return np.array([-way * deep, rng.uniform(-7, 7) if script.keeper else rng.uniform(-17, 17)])


def _meeting(
    rng: Generator, script: Script, joints: Floats, side: int, *, source: Floats, camera: Floats
) -> tuple[Floats, Floats]:
    """Normal and centre of the ball at the moment."""
    normal, target = _touch(rng, script.aim, joints, side, part=script.part, source=source)
    if script.miss_m == 0:
        return normal, target
    k = anatomy.which(script.aim, side)
    start, stop = (points[k] for points in anatomy.axes(joints))
    inside = start + (stop - start) * rng.uniform(*script.part)
    view = (inside - camera) / np.linalg.norm(inside - camera)
    deep = script.miss_m + np.sign(script.miss_m) * (RADIUS_M + anatomy.RADII_M[k])
    target = inside + view * deep
    if target[2] < RADIUS_M:
        raise Unplayable("under the grass")
    return view * np.sign(deep), target


def _touch(
    rng: Generator, segment: str, joints: Floats, side: int, *, part: tuple[float, float], source: Floats
) -> tuple[Floats, Floats]:
    """Normal and centre of a ball that lies against a segment, on the side from which it comes."""
    k = anatomy.which(segment, side)  # type: ignore[arg-type]
    a, b = (points[k] for points in anatomy.axes(joints))
    share = rng.uniform(*part)
    on_axis = a + (b - a) * share
    comes = on_axis - source
    comes /= np.linalg.norm(comes)
    normal = -comes + 0.45 * rng.standard_normal(3)
    along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
    if np.linalg.norm(b - a) > 1e-6:
        normal = normal - along * (normal @ along)
    length = float(np.linalg.norm(normal))
    if length < 0.2:
        raise Unplayable("the ball comes along the limb")
    normal /= length
    if normal @ comes > -0.25:
        raise Unplayable("a graze")
    centre = on_axis + normal * (anatomy.RADII_M[k] + RADIUS_M)
    if centre[2] < RADIUS_M:
        raise Unplayable("under the grass")
    return normal, centre


def _flight(source: Floats, target: Floats, arrives_s: float, lasts: float) -> Leg:
    leg = aimed(source, target, arrives_s - lasts, lasts)
    if leg.points[:-2, 2].min() >= RADIUS_M - 0.02:
        return leg
    if target[2] > RADIUS_M + 0.45:
        raise Unplayable("through the ground")
    return rolled(source, target, arrives_s - lasts, lasts)


def _ending(
    rng: Generator,
    script: Script,
    arrives: Floats,
    normal: Floats,
    *,
    target: Floats,
    way: int,
    hero: Cast,
    span: Floats,
) -> tuple[list[Leg], tuple[float, Floats] | None]:
    """What the ball does from the moment on, and when and where it is played next."""
    moment, end = span.tolist()
    if script.ending == "passes":
        return [free(target, arrives, moment, end)], None
    if script.ending == "bounces":
        into = min(0.0, float(arrives @ normal))
        away = arrives - (1 + rng.uniform(*script.spring)) * into * normal
        slide = away - (away @ normal) * normal
        away = away - slide * rng.uniform(0.1, 0.4) + rng.normal(0, 0.3, 3)
        return [free(target, away, moment, end)], None
    goal = np.array([way * (LENGTH_M / 2 + 0.35), rng.uniform(-0.85, 0.85) * (GOAL_M / 2), 0.0])
    if script.ending == "goal":
        goal[2] = rng.uniform(0.3, 1.9)
        return _shot(target, goal, moment, rng.uniform(8, 13), normal, end), None
    drop_s = float(rng.uniform(0.28, 0.36))
    if script.ending == "scores_next":
        heading = hero.actors[0].facing
        ground = hero.ground(moment + drop_s)[0]
        ahead, left = (
            np.array([np.cos(heading), np.sin(heading)]),
            np.array([-np.sin(heading), np.cos(heading)]),
        )
        drop = np.array([*(ground + 0.5 * ahead - 0.14 * left), rng.uniform(0.15, 0.35)])
    else:
        aside = rng.uniform(1.3, 2.4) * np.array([way * rng.uniform(-0.2, 0.8), rng.choice([-1, 1])])
        drop = np.array([*(target[:2] + aside), rng.uniform(0.12, 0.3)])
    falls = aimed(target, drop, moment, drop_s)
    if falls.leaves @ normal < 0.0 or falls.points[:-2, 2].min() < RADIUS_M - 0.05:
        raise Unplayable("it cannot fall there")
    shot = _shot(
        drop, goal + np.array([0, 0, rng.uniform(0.3, 1.6)]), moment + drop_s, rng.uniform(15, 22), None, end
    )
    return [falls, *shot], (moment + drop_s, drop)


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
