"""One attempt at a scenario: an animated player, and a ball that arrives at the moment of the touch."""

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
    aimed_flight,
    draw_ending,
    roll,
)


@dataclass(frozen=True, eq=False)
class SceneAttempt:
    """One attempt; times are those of the clip."""

    script: Script
    attack_sign: int
    """1 if the player's team attacks towards +x, else -1."""
    player: Actor
    animation: PoseAnimation
    body: Cast
    """A cast of the player alone."""
    joints: Floats
    """(25, 3) metres, of the player at the moment."""
    moment_s: float
    target: Floats
    """(3,) position of the ball at the moment."""
    normal: Floats
    """(3,) from the segment towards the ball at the moment."""
    source: Floats
    """(3,) where another player has kicked the ball."""
    kicked_s: float
    """When it was kicked."""
    ending: BallEnding
    arriving: Callable[[], list[TrajectoryLeg]]
    """Computes the path of the ball from before the clip to the touch."""

    @property
    def next_kick(self) -> tuple[float, Floats] | None:
        """Time and position of a kick after the touch."""
        return self.ending.next_kick

    @cached_property
    def ball(self) -> BallTrajectory:
        """The whole path; computed on demand, because most attempts are discarded before."""
        before = self.arriving()
        return BallTrajectory([*before, *self.ending.legs(before[-1].end_velocity)])

    @property
    def side(self) -> int:
        """The active side: 0 left, 1 right."""
        return self.animation.side


def attempt_scene(
    rng: Generator, script: Script, attack_sign: int, player: Actor, camera: Floats, span: Floats
) -> SceneAttempt:
    """Draw one attempt.

    camera: (3,) metres. span: moment and end of the clip, seconds.
    Raises AttemptFailed if the geometry does not allow it.
    """
    moment = float(span[0])
    position = _draw_position(rng, script, attack_sign)
    to_camera = np.arctan2(camera[1] - position[1], camera[0] - position[0])
    facing = float(to_camera + np.radians(rng.uniform(*script.facing)))
    if "goal_line" in script.zones:
        facing = float((0.0 if attack_sign > 0 else np.pi) + np.radians(rng.uniform(-55, 55)))
    # the active side is the one that the camera sees
    aside = np.sin(to_camera - facing)
    side = 0 if aside > 0.35 or (aside > -0.35 and rng.random() < 0.5) else 1
    player_speed = float(rng.uniform(*script.player_speed))
    velocity = player_speed * np.array([np.cos(facing), np.sin(facing)])
    start = position - velocity * SLOWDOWN_S * (1 - np.exp(-moment / SLOWDOWN_S))
    player = replace(
        player,
        ground=(float(start[0]), float(start[1])),
        velocity=(float(velocity[0]), float(velocity[1])),
        facing=facing,
    )
    angle = facing + (1 if side == 0 else -1) * np.radians(rng.uniform(*script.arrival))
    if np.cos(angle - to_camera) > 0.85:
        raise AttemptFailed("the kicker stands in front of the camera")
    distance, speed = rng.uniform(*script.kick_distance), rng.uniform(*script.ball_speed)
    source = np.array([*(position + distance * np.array([np.cos(angle), np.sin(angle)])), RADIUS_M])
    if abs(source[0]) > LENGTH_M / 2 - 0.5 or abs(source[1]) > 33:
        raise AttemptFailed("the kicker stands off the pitch")

    keyframes = tuple((moment + t, pose) for t, pose in script.keyframes)
    animation = PoseAnimation(keyframes, side, (moment, script.jump_m) if script.jump_m else None)
    body = Cast([player], {0: animation})
    joints = body.joints(moment)[0]
    normal, target = _ball_at_moment(rng, script, joints, side, source=source, camera=camera)
    flight_s = distance / speed
    arriving: Callable[[], list[TrajectoryLeg]]
    if script.first_touch is None:
        kicked = moment - flight_s

        def arriving() -> list[TrajectoryLeg]:
            return [_flight(source, target, moment, flight_s)]

    else:
        early = moment - rng.uniform(0.12, 0.22)
        kicked = early - flight_s
        first = _ball_at_segment(
            rng, script.first_touch, body.joints(early)[0], side, aim_range=(0.2, 0.9), source=source
        )
        deflected = _deflection(source, first, target, early=early, flight_s=flight_s, moment=moment)

        def arriving() -> list[TrajectoryLeg]:
            return deflected

    roll_speed = rng.uniform(0.3, 2.0) if kicked > -LEAD_IN_S else 0.0
    ending = draw_ending(rng, script, normal, target=target, attack_sign=attack_sign, player=body, span=span)
    if ending.next_kick is not None and script.ending == "scores_next":
        player = replace(player, kicks_at=ending.next_kick[0])
        body = Cast([player], {0: animation})
        joints = body.joints(moment)[0]
    return SceneAttempt(
        script=script,
        attack_sign=attack_sign,
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
        arriving=lambda: _with_roll_in(arriving(), roll_speed),
    )


def _deflection(
    source: Floats,
    touch: tuple[Floats, Floats],
    target: Floats,
    *,
    early: float,
    flight_s: float,
    moment: float,
) -> list[TrajectoryLeg]:
    """Return the path by way of another segment of the body, which is touched at `early`."""
    normal, position = touch
    after = aimed_flight(position, target, early, moment - early)
    if after.start_velocity @ normal < 0.3:
        raise AttemptFailed("no such deflection is possible")
    before = _flight(source, position, early, flight_s)
    if before.end_velocity @ normal > -0.3:
        raise AttemptFailed("no such deflection is possible")
    return [before, after]


def _with_roll_in(legs: list[TrajectoryLeg], speed: float) -> list[TrajectoryLeg]:
    """Return the legs after a slow roll to the kicker with `speed`; 0 for none."""
    kicked = legs[0].start_s
    if kicked <= -LEAD_IN_S:
        return legs
    velocity = legs[0].start_velocity * np.array([1.0, 1.0, 0.0])
    velocity *= speed / max(float(np.linalg.norm(velocity)), 1e-6)
    roll_s, source = kicked + LEAD_IN_S + 0.05, legs[0].points[0]
    return [roll(source - velocity * roll_s, source, kicked - roll_s, roll_s), *legs]


def _draw_position(rng: Generator, script: Script, attack_sign: int) -> Floats:
    zone = script.zones[int(rng.integers(len(script.zones)))]
    if zone == "goal_mouth":
        return np.array([attack_sign * rng.uniform(45.5, 50.2), rng.uniform(-5.5, 5.5)])
    if zone == "goal_line":
        return np.array([-attack_sign * (LENGTH_M / 2 - rng.uniform(0.35, 0.9)), rng.uniform(-2.6, 2.6)])
    if zone == "midfield":
        return np.array([rng.uniform(-32, 32), rng.uniform(-20, 28)])
    depth = rng.uniform(46, 51) if script.keeper else rng.uniform(38, 50)
    return np.array([-attack_sign * depth, rng.uniform(-7, 7) if script.keeper else rng.uniform(-17, 17)])


def _ball_at_moment(
    rng: Generator, script: Script, joints: Floats, side: int, *, source: Floats, camera: Floats
) -> tuple[Floats, Floats]:
    """Return the normal and the centre of the ball at the moment."""
    normal, target = _ball_at_segment(
        rng, script.aim, joints, side, aim_range=script.aim_range, source=source
    )
    if script.miss_m == 0:
        return normal, target
    k = body_capsules.index_of(script.aim, side)
    start, stop = (points[k] for points in body_capsules.axes(joints))
    inside = start + (stop - start) * rng.uniform(*script.aim_range)
    view = (inside - camera) / np.linalg.norm(inside - camera)
    gap = script.miss_m + np.sign(script.miss_m) * (RADIUS_M + body_capsules.RADII_M[k])
    target = inside + view * gap
    if target[2] < RADIUS_M:
        raise AttemptFailed("the ball would be below the grass")
    return view * np.sign(gap), target


def _ball_at_segment(
    rng: Generator, segment: str, joints: Floats, side: int, *, aim_range: tuple[float, float], source: Floats
) -> tuple[Floats, Floats]:
    """Return the normal and the centre of a ball that touches a segment on the side of `source`."""
    k = body_capsules.index_of(segment, side)  # type: ignore[arg-type]
    a, b = (points[k] for points in body_capsules.axes(joints))
    share = rng.uniform(*aim_range)
    on_axis = a + (b - a) * share
    direction = on_axis - source
    direction /= np.linalg.norm(direction)
    normal = -direction + 0.45 * rng.standard_normal(3)
    along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-6)
    if np.linalg.norm(b - a) > 1e-6:
        normal = normal - along * (normal @ along)
    length = float(np.linalg.norm(normal))
    if length < 0.2:
        raise AttemptFailed("the ball moves along the limb")
    normal /= length
    if normal @ direction > -0.25:
        raise AttemptFailed("the ball only grazes the limb")
    centre = on_axis + normal * (body_capsules.RADII_M[k] + RADIUS_M)
    if centre[2] < RADIUS_M:
        raise AttemptFailed("the ball would be below the grass")
    return normal, centre


def _flight(source: Floats, target: Floats, arrives_s: float, flight_s: float) -> TrajectoryLeg:
    leg = aimed_flight(source, target, arrives_s - flight_s, flight_s)
    if leg.points[:-2, 2].min() >= RADIUS_M - 0.02:
        return leg
    if target[2] > RADIUS_M + 0.45:
        raise AttemptFailed("the ball would pass through the ground")
    return roll(source, target, arrives_s - flight_s, flight_s)
