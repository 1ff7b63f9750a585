"""Attempts of a scenario: a body in its animation, and a ball that meets it at the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.random import Generator

from raasid.synthetic.actors import SLOWDOWN_S, Actor, Cast
from raasid.synthetic.arrays import Floats
from raasid.synthetic.ball_physics import LEAD_IN_S, RADIUS_M
from raasid.synthetic.pitch import LENGTH_M
from raasid.synthetic.pose_keyframes import PoseAnimation
from raasid.synthetic.scenarios import body_capsules
from raasid.synthetic.scenarios.script import AttemptFailed, Script
from raasid.synthetic.scenarios.trajectories import (
    BallEnding,
    BallTrajectory,
    TrajectoryLeg,
    aimed,
    draw_ending,
    rolled,
)


@dataclass(frozen=True, eq=False)
class SceneAttempt:
    """One try; times are those of the clip."""

    script: Script
    way: int
    """1 when the player's team attacks towards +x, else -1."""
    player: Actor
    animation: PoseAnimation
    body: Cast
    """The player alone."""
    joints: Floats
    """(25, 3) metres, of the body at the moment."""
    moment_s: float
    target: Floats
    """(3,) where the ball is at the moment."""
    normal: Floats
    """(3,) from the segment towards the ball at the moment."""
    source: Floats
    """(3,) where another player has played the ball,"""
    kicked_s: float
    """and when."""
    ending: BallEnding
    arriving: Callable[[], list[TrajectoryLeg]]
    """The ball's way from before the clip to the touch."""

    @property
    def next_kick(self) -> tuple[float, Floats] | None:
        """When and where the ball is played after the touch."""
        return self.ending.next_kick

    @cached_property
    def ball(self) -> BallTrajectory:
        """Worked out when it is asked for: most attempts are thrown away before that."""
        comes = self.arriving()
        return BallTrajectory([*comes, *self.ending.legs(comes[-1].arrives)])

    @property
    def side(self) -> int:
        """Of the touched arm or leg: 0 left, 1 right."""
        return self.animation.side


def attempt_scene(
    rng: Generator, script: Script, way: int, player: Actor, camera: Floats, span: Floats
) -> SceneAttempt:
    """Draw one attempt, raising AttemptFailed where the geometry forbids it.

    camera: (3,) metres. span: moment and end of the clip, seconds.
    """
    moment = float(span[0])
    place = _place(rng, script, way)
    to_camera = np.arctan2(camera[1] - place[1], camera[0] - place[0])
    facing = float(to_camera + np.radians(rng.uniform(*script.turned)))
    if "goal_line" in script.zones:
        facing = float((0.0 if way > 0 else np.pi) + np.radians(rng.uniform(-55, 55)))
    # the story's arm is the one that the camera sees
    aside = np.sin(to_camera - facing)
    side = 0 if aside > 0.35 or (aside > -0.35 and rng.random() < 0.5) else 1
    pace = float(rng.uniform(*script.pace))
    velocity = pace * np.array([np.cos(facing), np.sin(facing)])
    start = place - velocity * SLOWDOWN_S * (1 - np.exp(-moment / SLOWDOWN_S))
    player = replace(
        player,
        ground=(float(start[0]), float(start[1])),
        velocity=(float(velocity[0]), float(velocity[1])),
        facing=facing,
    )
    angle = facing + (1 if side == 0 else -1) * np.radians(rng.uniform(*script.comes_from))
    if np.cos(angle - to_camera) > 0.85:
        raise AttemptFailed("the kicker stands before the camera")
    distance, speed = rng.uniform(*script.distance), rng.uniform(*script.speed)
    source = np.array([*(place + distance * np.array([np.cos(angle), np.sin(angle)])), RADIUS_M])
    if abs(source[0]) > LENGTH_M / 2 - 0.5 or abs(source[1]) > 33:
        raise AttemptFailed("the kicker stands off the pitch")

    keys = tuple((moment + t, pose) for t, pose in script.keys)
    animation = PoseAnimation(keys, side, (moment, script.jump_m) if script.jump_m else None)
    body = Cast([player], {0: animation})
    joints = body.joints(moment)[0]
    normal, target = _meeting(rng, script, joints, side, source=source, camera=camera)
    lasts = distance / speed
    comes: Callable[[], list[TrajectoryLeg]]
    if script.first is None:
        kicked = moment - lasts

        def comes() -> list[TrajectoryLeg]:
            return [_flight(source, target, moment, lasts)]

    else:
        early = moment - rng.uniform(0.12, 0.22)
        kicked = early - lasts
        first = _touch(rng, script.first, body.joints(early)[0], side, part=(0.2, 0.9), source=source)
        deflected = _deflected(source, first, target, early=early, lasts=lasts, moment=moment)

        def comes() -> list[TrajectoryLeg]:
            return deflected

    rolling = rng.uniform(0.3, 2.0) if kicked > -LEAD_IN_S else 0.0
    ending = draw_ending(rng, script, normal, target=target, way=way, player=body, span=span)
    if ending.next_kick is not None and script.ending == "scores_next":
        player = replace(player, kicks_at=ending.next_kick[0])
        body = Cast([player], {0: animation})
        joints = body.joints(moment)[0]
    return SceneAttempt(
        script=script,
        way=way,
        player=player,
        animation=animation,
        body=body,
        joints=joints,
        moment_s=moment,
        target=target,
        normal=normal,
        source=source,
        kicked_s=kicked,
        ending=ending,
        arriving=lambda: _rolled_in(comes(), rolling),
    )


def _deflected(
    source: Floats,
    touch: tuple[Floats, Floats],
    target: Floats,
    *,
    early: float,
    lasts: float,
    moment: float,
) -> list[TrajectoryLeg]:
    """By way of another part of the body, which it touches `early`."""
    normal, place = touch
    arrives = aimed(place, target, early, moment - early)
    if arrives.leaves @ normal < 0.3:
        raise AttemptFailed("no deflection looks like that")
    comes = _flight(source, place, early, lasts)
    if comes.arrives @ normal > -0.3:
        raise AttemptFailed("no deflection looks like that")
    return [comes, arrives]


def _rolled_in(legs: list[TrajectoryLeg], speed: float) -> list[TrajectoryLeg]:
    """The legs, after the slow roll to the kicker; 0 for none."""
    kicked = legs[0].start_s
    if kicked <= -LEAD_IN_S:
        return legs
    rolls = legs[0].leaves * np.array([1.0, 1.0, 0.0])
    rolls *= speed / max(float(np.linalg.norm(rolls)), 1e-6)
    lasts, source = kicked + LEAD_IN_S + 0.05, legs[0].points[0]
    return [rolled(source - rolls * lasts, source, kicked - lasts, lasts), *legs]


def _place(rng: Generator, script: Script, way: int) -> Floats:
    where = script.zones[int(rng.integers(len(script.zones)))]
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
    k = body_capsules.which(script.aim, side)
    start, stop = (points[k] for points in body_capsules.axes(joints))
    inside = start + (stop - start) * rng.uniform(*script.part)
    view = (inside - camera) / np.linalg.norm(inside - camera)
    deep = script.miss_m + np.sign(script.miss_m) * (RADIUS_M + body_capsules.RADII_M[k])
    target = inside + view * deep
    if target[2] < RADIUS_M:
        raise AttemptFailed("under the grass")
    return view * np.sign(deep), target


def _touch(
    rng: Generator, segment: str, joints: Floats, side: int, *, part: tuple[float, float], source: Floats
) -> tuple[Floats, Floats]:
    """Normal and centre of a ball that lies against a segment, on the side from which it comes."""
    k = body_capsules.which(segment, side)  # type: ignore[arg-type]
    a, b = (points[k] for points in body_capsules.axes(joints))
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
        raise AttemptFailed("the ball comes along the limb")
    normal /= length
    if normal @ comes > -0.25:
        raise AttemptFailed("a graze")
    centre = on_axis + normal * (body_capsules.RADII_M[k] + RADIUS_M)
    if centre[2] < RADIUS_M:
        raise AttemptFailed("under the grass")
    return normal, centre


def _flight(source: Floats, target: Floats, arrives_s: float, lasts: float) -> TrajectoryLeg:
    leg = aimed(source, target, arrives_s - lasts, lasts)
    if leg.points[:-2, 2].min() >= RADIUS_M - 0.02:
        return leg
    if target[2] > RADIUS_M + 0.45:
        raise AttemptFailed("through the ground")
    return rolled(source, target, arrives_s - lasts, lasts)
