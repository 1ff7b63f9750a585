"""Looking at a take: what is true of it in three dimensions, and whether it shows what it should."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from raasid.laws.facts import ARM, Facts, read_facts
from raasid.synthetic.arrays import Floats
from raasid.synthetic.ball_physics import RADIUS_M, STEP_S
from raasid.synthetic.body_rendering import Limbs, self_occluded
from raasid.synthetic.camera import Cameras, look_at
from raasid.synthetic.pitch import LENGTH_M
from raasid.synthetic.scenarios import body_capsules
from raasid.synthetic.scenarios.attempt import SceneAttempt
from raasid.synthetic.scenarios.script import AttemptFailed
from raasid.synthetic.scenarios.trajectories import BallTrajectory, free, into_goal
from raasid.synthetic.skeleton import CHEST, LEFT_HAND, PELVIS

BIGGER_DEG, TUCKED_DEG = 42.0, 28.0
"""An upper arm that is further from the trunk makes the body bigger; one that is nearer does not."""
CLOSE_M, FAR_M = 2.0, 3.0
REACHES_MPS, CALM_MPS = 1.3, 0.9
"""A hand that goes for the ball is faster towards it than this; one that does not is slower."""
MISS_M = 0.35
_ARM_SEEN_M = 0.40
"""So long the arm is at least as the picture shows it; straight across it would be 0.67 m."""
_REACH_M = 3.0
"""No part of a body is so far, along the ground, from where it stands, not even of one that has fallen."""
_FASTEST_MPS = 60.0
"""Nothing on a pitch comes nearer to a ball faster than this."""
_AREA_X_M, _AREA_Y_M = LENGTH_M / 2 - 16.5, 20.16


def look(take: SceneAttempt, camera: Floats, end_s: float) -> Facts:
    """All facts of the take, raising AttemptFailed when it is not what its script promises.

    camera: (3,) metres.
    """
    script = take.script
    joints = take.joints
    _touches_once(take, joints)
    told: dict[str, Callable[[], bool | str | None]] = {
        "segment": lambda: _segment(take, joints),
        "goalkeeper": lambda: take.player.role == "goalkeeper",
        "in_own_area": lambda: _in_own_area(take),
        "bigger": lambda: _bigger(take, joints),
        "above_shoulder": lambda: _above(take, joints),
        "own_deflection": lambda: script.first is not None,
        "close_range": lambda: _close(take),
        "falling_support": lambda: _supports(take, joints),
        "justified": lambda: not _bigger(take, joints) or _moves(take),
        "deliberate": lambda: False if script.miss_m else _reaches(take),
    }
    seen: dict[str, bool | str | None] = {}
    # what is quick to see comes first: most takes are thrown away
    for name in sorted(told, key=lambda fact: fact not in script.facts):
        seen[name] = told[name]()
        if seen[name] is None or seen[name] != script.facts.get(name, seen[name]):
            promised = script.facts.get(name, "anything that one could tell")
            raise AttemptFailed(f"{name} is {seen[name]}, not {promised}")
    _shows(take, joints, camera)
    seen |= _outcome(take, end_s)
    for name, promised in script.facts.items():
        if seen[name] != promised:
            raise AttemptFailed(f"{name} is {seen[name]}, not {promised}")
    _passes_the_rest(take, end_s)
    return read_facts(seen)


def _touches_once(take: SceneAttempt, joints: Floats) -> None:
    """At the moment the ball touches the segment that was aimed at, and no other."""
    if take.script.miss_m:
        return
    k = body_capsules.which(take.script.aim, take.side)
    others = (body_capsules.SEGMENT[k] != body_capsules.SEGMENT) | (
        body_capsules.SIDE[k] != body_capsules.SIDE
    )
    gaps = body_capsules.gaps(joints, take.target)
    if abs(gaps[k]) > 0.004 or gaps[others].min() < 0.004:
        raise AttemptFailed("the ball touches something else, too")


def _passes_the_rest(take: SceneAttempt, end_s: float) -> None:
    """Apart from the touches that the script wants, the ball keeps off the player all the time."""
    script, body = take.script, take.body
    touches = [] if script.miss_m else [take.moment_s]
    if script.first is not None:
        starts = [leg.start_s for leg in take.ball.legs]
        touches.append(starts[starts.index(take.moment_s) - 1])
    until = end_s if take.next_kick is None else take.next_kick[0] - 0.06
    times = np.arange(max(take.kicked_s, -0.1), until, 2 * STEP_S)
    ball = take.ball.along(times)
    near = np.linalg.norm(ball[:, :2] - body.course(times)[:, 0], axis=1) <= _REACH_M
    times, ball = times[near], ball[near]
    gap = body_capsules.gaps(body.moving(times)[:, 0], ball).min(axis=1, initial=9.0)
    allowed = np.full(len(times), MISS_M if script.miss_m else 0.0)
    for touch in touches:
        allowed[np.abs(times - touch) <= 0.014] = -0.07
    if (gap < allowed).any():
        raise AttemptFailed("the ball goes through the body")


def _shows(take: SceneAttempt, joints: Floats, camera: Floats) -> None:
    """Arm and ball can be seen."""
    ball = take.target
    if take.script.miss_m == 0:
        towards = (camera - ball) / np.linalg.norm(camera - ball)
        sight = ball + np.linspace(0.11, 1.4, 26)[:, None] * towards
        if (body_capsules.gaps(np.broadcast_to(joints, (26, *joints.shape)), sight) + RADIUS_M).min() < 0:
            raise AttemptFailed("the body hides the ball")
    if take.script.aim in ARM:
        eye = look_at(camera, np.array([*take.player.ground, 1.0]), 3000.0, 0.0, (640, 360))
        ends, _ = eye.project(joints[[5 + take.side, 7 + take.side, LEFT_HAND + take.side]])
        seen = float(np.linalg.norm(np.diff(ends, axis=0), axis=1).sum()) / eye.pixels_per_metre(joints[11])
        if seen < _ARM_SEEN_M:
            raise AttemptFailed("the arm points at the camera")
        eyes = Cameras([eye])
        hidden = self_occluded(Limbs.of(joints[None], eyes), joints[None], eyes)[0]
        if hidden[[7 + take.side, 9 + take.side]].any():
            raise AttemptFailed("the body hides the arm")


def _segment(take: SceneAttempt, joints: Floats) -> str:
    if take.script.miss_m:
        return "none"
    if body_capsules.SEGMENT[body_capsules.which(take.script.aim, take.side)] != "chest":
        return take.script.aim
    left = joints[5] - joints[6]
    ahead = np.cross(left, joints[CHEST] - joints[PELVIS])
    share = float(take.normal @ ahead) / float(np.linalg.norm(ahead))
    if abs(share) < 0.4:
        raise AttemptFailed("the ball touches the flank")
    return "chest" if share > 0 else "back"


def _in_own_area(take: SceneAttempt) -> bool | None:
    x, y = take.target[:2].tolist()
    inside = min(-take.way * x - _AREA_X_M, _AREA_Y_M - abs(y))
    return None if abs(inside) < 0.3 else inside > 0


def arm_angle_deg(joints: Floats, side: int) -> float:
    """Angle between the upper arm and the trunk, 0 when the arm hangs along it."""
    upper = joints[7 + side] - joints[5 + side]
    trunk = joints[PELVIS] - joints[CHEST]
    cosine = float(upper @ trunk) / float(np.linalg.norm(upper) * np.linalg.norm(trunk))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _bigger(take: SceneAttempt, joints: Floats) -> bool | None:
    if _supports(take, joints):
        # the arm is below the body and not beside it
        return False
    angle = arm_angle_deg(joints, take.side)
    left = (joints[5] - joints[6]) / np.linalg.norm(joints[5] - joints[6])
    middle = (joints[5] + joints[6]) / 2
    out = abs(float((joints[LEFT_HAND + take.side] - middle) @ left))
    if angle > BIGGER_DEG:
        return True
    return False if angle < TUCKED_DEG and out < 0.42 else None


def _above(take: SceneAttempt, joints: Floats) -> bool | None:
    rise = joints[[9 + take.side, LEFT_HAND + take.side], 2] - joints[5 + take.side, 2]
    if (rise > 0.04).all():
        return True
    return False if (rise < -0.04).all() else None


def _reaches(take: SceneAttempt) -> bool | None:
    """Whether the hand moves towards the ball, faster than the shoulder carries it."""
    if take.script.aim not in ARM:
        return False
    times = take.moment_s - np.array([0.08, 0.04])
    before, after = np.split(take.body.moving(np.concatenate([times - 0.01, times + 0.01]))[:, 0], 2)
    moved = after - before
    hand = moved[:, LEFT_HAND + take.side] - moved[:, 5 + take.side]
    way = take.target - (before + after)[:, LEFT_HAND + take.side] / 2
    speed = float(((hand * way).sum(axis=1) / np.linalg.norm(way, axis=1)).max()) / 0.02
    return True if speed > REACHES_MPS else False if speed < CALM_MPS else None


def _close(take: SceneAttempt) -> bool | None:
    away = float(np.linalg.norm((take.source - take.target)[:2]))
    return True if away < CLOSE_M else False if away > FAR_M else None


def _supports(take: SceneAttempt, joints: Floats) -> bool:
    if joints[LEFT_HAND + take.side, 2] >= 0.2:
        return False
    return bool(np.abs(take.posture.at(np.array([take.moment_s])).tilt).max() > 0.4)


def _outcome(take: SceneAttempt, end_s: float) -> dict[str, bool | str | None]:
    after = end_s + 0.5
    goal = into_goal(take.ball, take.moment_s, after)
    ending = take.script.ending
    if (ending in {"goal", "mate_scores", "scores_next"}) != (goal == take.way) or goal == -take.way:
        raise AttemptFailed("the goal is not what it should be")
    arriving = take.ball.legs[[leg.start_s for leg in take.ball.legs].index(take.moment_s) - 1]
    ghost = free(take.target, arriving.arrives, take.moment_s, after)
    saved = into_goal(BallTrajectory([ghost]), take.moment_s, after) == -take.way and take.script.miss_m == 0
    return {
        "scored": {"goal": "directly", "scores_next": "immediately"}.get(ending, "no"),
        "team_mate": "goal" if ending == "mate_scores" else "no",
        "chance": "immediately" if ending == "scores_next" else "no",
        "denied": "goal" if saved and take.player.role != "goalkeeper" else "nothing",
    }


def _moves(take: SceneAttempt) -> bool:
    """An arm is excused by what the body does: a jump, a run, a fall."""
    if float(np.hypot(*take.body.velocity(take.moment_s)[0])) > 3.5:
        return True
    posture = take.posture.at(np.array([take.moment_s]))
    return float(posture.lift[0]) > 0.12 or float(np.abs(posture.tilt).max()) > 0.4
