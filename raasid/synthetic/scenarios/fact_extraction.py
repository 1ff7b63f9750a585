"""Looking at an attempt: what is true of it in three dimensions, and whether it shows what it should."""

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
"""So long the arm is at least as the image shows it; straight across it would be 0.67 m."""
_REACH_M = 3.0
"""No part of a body is so far, along the ground, from where it stands, not even of one that has fallen."""
_FASTEST_MPS = 60.0
"""Nothing on a pitch comes nearer to a ball faster than this."""
_AREA_X_M, _AREA_Y_M = LENGTH_M / 2 - 16.5, 20.16


def extract_facts(attempt: SceneAttempt, camera: Floats, end_s: float) -> Facts:
    """All facts of the attempt, raising AttemptFailed when it is not what its script promises.

    camera: (3,) metres.
    """
    script = attempt.script
    joints = attempt.joints
    _touches_once(attempt, joints)
    told: dict[str, Callable[[], bool | str | None]] = {
        "segment": lambda: _segment(attempt, joints),
        "goalkeeper": lambda: attempt.player.role == "goalkeeper",
        "in_own_area": lambda: _in_own_area(attempt),
        "bigger": lambda: _bigger(attempt, joints),
        "above_shoulder": lambda: _above(attempt, joints),
        "own_deflection": lambda: script.first is not None,
        "close_range": lambda: _close(attempt),
        "falling_support": lambda: _supports(attempt, joints),
        "justified": lambda: not _bigger(attempt, joints) or _moves(attempt),
        "deliberate": lambda: False if script.miss_m else _reaches(attempt),
    }
    seen: dict[str, bool | str | None] = {}
    # what is quick to see comes first: most attempts are thrown away
    for name in sorted(told, key=lambda fact: fact not in script.facts):
        seen[name] = told[name]()
        if seen[name] is None or seen[name] != script.facts.get(name, seen[name]):
            promised = script.facts.get(name, "anything that one could tell")
            raise AttemptFailed(f"{name} is {seen[name]}, not {promised}")
    _shows(attempt, joints, camera)
    seen |= _outcome(attempt, end_s)
    for name, promised in script.facts.items():
        if seen[name] != promised:
            raise AttemptFailed(f"{name} is {seen[name]}, not {promised}")
    _passes_the_rest(attempt, end_s)
    return read_facts(seen)


def _touches_once(attempt: SceneAttempt, joints: Floats) -> None:
    """At the moment the ball touches the segment that was aimed at, and no other."""
    if attempt.script.miss_m:
        return
    k = body_capsules.which(attempt.script.aim, attempt.side)
    others = (body_capsules.SEGMENT[k] != body_capsules.SEGMENT) | (
        body_capsules.SIDE[k] != body_capsules.SIDE
    )
    gaps = body_capsules.gaps(joints, attempt.target)
    if abs(gaps[k]) > 0.004 or gaps[others].min() < 0.004:
        raise AttemptFailed("the ball touches something else, too")


def _passes_the_rest(attempt: SceneAttempt, end_s: float) -> None:
    """Apart from the touches that the script wants, the ball keeps off the player all the time."""
    script, body = attempt.script, attempt.body
    touches = [] if script.miss_m else [attempt.moment_s]
    if script.first is not None:
        starts = [leg.start_s for leg in attempt.ball.legs]
        touches.append(starts[starts.index(attempt.moment_s) - 1])
    until = end_s if attempt.next_kick is None else attempt.next_kick[0] - 0.06
    times = np.arange(max(attempt.kicked_s, -0.1), until, 2 * STEP_S)
    ball = attempt.ball.along(times)
    near = np.linalg.norm(ball[:, :2] - body.ground_at(times)[:, 0], axis=1) <= _REACH_M
    times, ball = times[near], ball[near]
    gap = body_capsules.gaps(body.joints_at(times)[:, 0], ball).min(axis=1, initial=9.0)
    allowed = np.full(len(times), MISS_M if script.miss_m else 0.0)
    for touch in touches:
        allowed[np.abs(times - touch) <= 0.014] = -0.07
    if (gap < allowed).any():
        raise AttemptFailed("the ball goes through the body")


def _shows(attempt: SceneAttempt, joints: Floats, camera: Floats) -> None:
    """Arm and ball can be seen."""
    ball = attempt.target
    if attempt.script.miss_m == 0:
        towards = (camera - ball) / np.linalg.norm(camera - ball)
        sight = ball + np.linspace(0.11, 1.4, 26)[:, None] * towards
        if (body_capsules.gaps(np.broadcast_to(joints, (26, *joints.shape)), sight) + RADIUS_M).min() < 0:
            raise AttemptFailed("the body hides the ball")
    if attempt.script.aim in ARM:
        eye = look_at(camera, np.array([*attempt.player.ground, 1.0]), 3000.0, 0.0, (640, 360))
        ends, _ = eye.project(joints[[5 + attempt.side, 7 + attempt.side, LEFT_HAND + attempt.side]])
        seen = float(np.linalg.norm(np.diff(ends, axis=0), axis=1).sum()) / eye.pixels_per_metre(joints[11])
        if seen < _ARM_SEEN_M:
            raise AttemptFailed("the arm points at the camera")
        eyes = Cameras([eye])
        hidden = self_occluded(Limbs.of(joints[None], eyes), joints[None], eyes)[0]
        if hidden[[7 + attempt.side, 9 + attempt.side]].any():
            raise AttemptFailed("the body hides the arm")


def _segment(attempt: SceneAttempt, joints: Floats) -> str:
    if attempt.script.miss_m:
        return "none"
    if body_capsules.SEGMENT[body_capsules.which(attempt.script.aim, attempt.side)] != "chest":
        return attempt.script.aim
    left = joints[5] - joints[6]
    ahead = np.cross(left, joints[CHEST] - joints[PELVIS])
    share = float(attempt.normal @ ahead) / float(np.linalg.norm(ahead))
    if abs(share) < 0.4:
        raise AttemptFailed("the ball touches the flank")
    return "chest" if share > 0 else "back"


def _in_own_area(attempt: SceneAttempt) -> bool | None:
    x, y = attempt.target[:2].tolist()
    inside = min(-attempt.way * x - _AREA_X_M, _AREA_Y_M - abs(y))
    return None if abs(inside) < 0.3 else inside > 0


def arm_angle_deg(joints: Floats, side: int) -> float:
    """Angle between the upper arm and the trunk, 0 when the arm hangs along it."""
    upper = joints[7 + side] - joints[5 + side]
    trunk = joints[PELVIS] - joints[CHEST]
    cosine = float(upper @ trunk) / float(np.linalg.norm(upper) * np.linalg.norm(trunk))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _bigger(attempt: SceneAttempt, joints: Floats) -> bool | None:
    if _supports(attempt, joints):
        # the arm is below the body and not beside it
        return False
    angle = arm_angle_deg(joints, attempt.side)
    left = (joints[5] - joints[6]) / np.linalg.norm(joints[5] - joints[6])
    middle = (joints[5] + joints[6]) / 2
    out = abs(float((joints[LEFT_HAND + attempt.side] - middle) @ left))
    if angle > BIGGER_DEG:
        return True
    return False if angle < TUCKED_DEG and out < 0.42 else None


def _above(attempt: SceneAttempt, joints: Floats) -> bool | None:
    rise = joints[[9 + attempt.side, LEFT_HAND + attempt.side], 2] - joints[5 + attempt.side, 2]
    if (rise > 0.04).all():
        return True
    return False if (rise < -0.04).all() else None


def _reaches(attempt: SceneAttempt) -> bool | None:
    """Whether the hand moves towards the ball, faster than the shoulder carries it."""
    if attempt.script.aim not in ARM:
        return False
    times = attempt.moment_s - np.array([0.08, 0.04])
    before, after = np.split(attempt.body.joints_at(np.concatenate([times - 0.01, times + 0.01]))[:, 0], 2)
    moved = after - before
    hand = moved[:, LEFT_HAND + attempt.side] - moved[:, 5 + attempt.side]
    way = attempt.target - (before + after)[:, LEFT_HAND + attempt.side] / 2
    speed = float(((hand * way).sum(axis=1) / np.linalg.norm(way, axis=1)).max()) / 0.02
    return True if speed > REACHES_MPS else False if speed < CALM_MPS else None


def _close(attempt: SceneAttempt) -> bool | None:
    away = float(np.linalg.norm((attempt.source - attempt.target)[:2]))
    return True if away < CLOSE_M else False if away > FAR_M else None


def _supports(attempt: SceneAttempt, joints: Floats) -> bool:
    if joints[LEFT_HAND + attempt.side, 2] >= 0.2:
        return False
    return bool(np.abs(attempt.animation.at(np.array([attempt.moment_s])).tilt).max() > 0.4)


def _outcome(attempt: SceneAttempt, end_s: float) -> dict[str, bool | str | None]:
    after = end_s + 0.5
    goal = into_goal(attempt.ball, attempt.moment_s, after)
    ending = attempt.script.ending
    if (ending in {"goal", "mate_scores", "scores_next"}) != (goal == attempt.way) or goal == -attempt.way:
        raise AttemptFailed("the goal is not what it should be")
    arriving = attempt.ball.legs[[leg.start_s for leg in attempt.ball.legs].index(attempt.moment_s) - 1]
    ghost = free(attempt.target, arriving.arrives, attempt.moment_s, after)
    saved = (
        into_goal(BallTrajectory([ghost]), attempt.moment_s, after) == -attempt.way
        and attempt.script.miss_m == 0
    )
    return {
        "scored": {"goal": "directly", "scores_next": "immediately"}.get(ending, "no"),
        "team_mate": "goal" if ending == "mate_scores" else "no",
        "chance": "immediately" if ending == "scores_next" else "no",
        "denied": "goal" if saved and attempt.player.role != "goalkeeper" else "nothing",
    }


def _moves(attempt: SceneAttempt) -> bool:
    """An arm is excused by what the body does: a jump, a run, a fall."""
    if float(np.hypot(*attempt.body.velocity(attempt.moment_s)[0])) > 3.5:
        return True
    pose = attempt.animation.at(np.array([attempt.moment_s]))
    return float(pose.lift[0]) > 0.12 or float(np.abs(pose.tilt).max()) > 0.4
