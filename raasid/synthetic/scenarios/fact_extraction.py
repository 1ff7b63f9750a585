"""Facts of an attempt, measured in three dimensions and checked against the promises of its script."""

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
from raasid.synthetic.scenarios.trajectories import BallTrajectory, free_flight, goal_entered
from raasid.synthetic.skeleton import CHEST, LEFT_HAND, PELVIS

BIGGER_DEG, TUCKED_DEG = 42.0, 28.0
"""Angle of the upper arm from the trunk above which the body is bigger, and below which it is not."""
CLOSE_M, FAR_M = 2.0, 3.0
REACHES_MPS, CALM_MPS = 1.3, 0.9
"""Speed of the hand towards the ball above which a touch is deliberate, and below which it is not."""
MISS_M = 0.35
_MIN_ARM_M = 0.40
"""Minimum projected length of the arm; an arm parallel to the image is 0.67 m long."""
_REACH_M = 3.0
"""Every part of a body, even of a fallen one, is nearer than this along the ground to its position."""
_AREA_X_M, _AREA_Y_M = LENGTH_M / 2 - 16.5, 20.16


def extract_facts(attempt: SceneAttempt, camera: Floats, end_s: float) -> Facts:
    """Measure all facts of an attempt; camera: (3,) metres.

    Raises AttemptFailed if a fact cannot be determined or is not what the script promises.
    """
    script = attempt.script
    joints = attempt.joints
    _check_touch(attempt, joints)
    measures: dict[str, Callable[[], bool | str | None]] = {
        "segment": lambda: _segment(attempt, joints),
        "goalkeeper": lambda: attempt.player.role == "goalkeeper",
        "in_own_area": lambda: _in_own_area(attempt),
        "bigger": lambda: _bigger(attempt, joints),
        "above_shoulder": lambda: _above_shoulder(attempt, joints),
        "own_deflection": lambda: script.first_touch is not None,
        "close_range": lambda: _close_range(attempt),
        "falling_support": lambda: _falling_support(attempt, joints),
        "justified": lambda: not _bigger(attempt, joints) or _justified(attempt),
        "deliberate": lambda: False if script.miss_m else _deliberate(attempt),
    }
    facts: dict[str, bool | str | None] = {}
    # promised facts come first, because most attempts are discarded
    for name in sorted(measures, key=lambda fact: fact not in script.facts):
        facts[name] = measures[name]()
        if facts[name] is None or facts[name] != script.facts.get(name, facts[name]):
            promised = script.facts.get(name, "determined")
            raise AttemptFailed(f"{name} is {facts[name]}, not {promised}")
    _check_visibility(attempt, joints, camera)
    facts |= _outcome(attempt, end_s)
    for name, promised in script.facts.items():
        if facts[name] != promised:
            raise AttemptFailed(f"{name} is {facts[name]}, not {promised}")
    _check_path(attempt, end_s)
    return read_facts(facts)


def _check_touch(attempt: SceneAttempt, joints: Floats) -> None:
    """Check that at the moment the ball touches the segment that it was aimed at, and no other."""
    if attempt.script.miss_m:
        return
    k = body_capsules.index_of(attempt.script.aim, attempt.side)
    others = (body_capsules.SEGMENT[k] != body_capsules.SEGMENT) | (
        body_capsules.SIDE[k] != body_capsules.SIDE
    )
    gaps = body_capsules.gaps(joints, attempt.target)
    if abs(gaps[k]) > 0.004 or gaps[others].min() < 0.004:
        raise AttemptFailed("the ball touches another segment, too")


def _check_path(attempt: SceneAttempt, end_s: float) -> None:
    """Check that the ball does not touch the player apart from the scripted touches."""
    script, body = attempt.script, attempt.body
    touches = [] if script.miss_m else [attempt.moment_s]
    if script.first_touch is not None:
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
        raise AttemptFailed("the ball passes through the body")


def _check_visibility(attempt: SceneAttempt, joints: Floats, camera: Floats) -> None:
    """Check that arm and ball are visible."""
    ball = attempt.target
    if attempt.script.miss_m == 0:
        towards = (camera - ball) / np.linalg.norm(camera - ball)
        line_of_sight = ball + np.linspace(0.11, 1.4, 26)[:, None] * towards
        if (
            body_capsules.gaps(np.broadcast_to(joints, (26, *joints.shape)), line_of_sight) + RADIUS_M
        ).min() < 0:
            raise AttemptFailed("the body occludes the ball")
    if attempt.script.aim in ARM:
        view = look_at(camera, np.array([*attempt.player.ground, 1.0]), 3000.0, 0.0, (640, 360))
        ends, _ = view.project(joints[[5 + attempt.side, 7 + attempt.side, LEFT_HAND + attempt.side]])
        length_px = float(np.linalg.norm(np.diff(ends, axis=0), axis=1).sum())
        visible_m = length_px / view.pixels_per_metre(joints[11])
        if visible_m < _MIN_ARM_M:
            raise AttemptFailed("the arm points at the camera")
        views = Cameras([view])
        hidden = self_occluded(Limbs.of(joints[None], views), joints[None], views)[0]
        if hidden[[7 + attempt.side, 9 + attempt.side]].any():
            raise AttemptFailed("the body occludes the arm")


def _segment(attempt: SceneAttempt, joints: Floats) -> str:
    if attempt.script.miss_m:
        return "none"
    if body_capsules.SEGMENT[body_capsules.index_of(attempt.script.aim, attempt.side)] != "chest":
        return attempt.script.aim
    left = joints[5] - joints[6]
    ahead = np.cross(left, joints[CHEST] - joints[PELVIS])
    share = float(attempt.normal @ ahead) / float(np.linalg.norm(ahead))
    if abs(share) < 0.4:
        raise AttemptFailed("the ball touches the flank")
    return "chest" if share > 0 else "back"


def _in_own_area(attempt: SceneAttempt) -> bool | None:
    x, y = attempt.target[:2].tolist()
    inside = min(-attempt.attack_sign * x - _AREA_X_M, _AREA_Y_M - abs(y))
    return None if abs(inside) < 0.3 else inside > 0


def arm_angle_deg(joints: Floats, side: int) -> float:
    """Return the angle between the upper arm and the trunk, 0 for a hanging arm."""
    upper = joints[7 + side] - joints[5 + side]
    trunk = joints[PELVIS] - joints[CHEST]
    cosine = float(upper @ trunk) / float(np.linalg.norm(upper) * np.linalg.norm(trunk))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _bigger(attempt: SceneAttempt, joints: Floats) -> bool | None:
    if _falling_support(attempt, joints):
        # the arm is below the body, not beside it
        return False
    angle = arm_angle_deg(joints, attempt.side)
    left = (joints[5] - joints[6]) / np.linalg.norm(joints[5] - joints[6])
    middle = (joints[5] + joints[6]) / 2
    out = abs(float((joints[LEFT_HAND + attempt.side] - middle) @ left))
    if angle > BIGGER_DEG:
        return True
    return False if angle < TUCKED_DEG and out < 0.42 else None


def _above_shoulder(attempt: SceneAttempt, joints: Floats) -> bool | None:
    rise = joints[[9 + attempt.side, LEFT_HAND + attempt.side], 2] - joints[5 + attempt.side, 2]
    if (rise > 0.04).all():
        return True
    return False if (rise < -0.04).all() else None


def _deliberate(attempt: SceneAttempt) -> bool | None:
    """Whether the hand moves towards the ball, relative to the shoulder; None in between."""
    if attempt.script.aim not in ARM:
        return False
    times = attempt.moment_s - np.array([0.08, 0.04])
    before, after = np.split(attempt.body.joints_at(np.concatenate([times - 0.01, times + 0.01]))[:, 0], 2)
    moved = after - before
    hand = moved[:, LEFT_HAND + attempt.side] - moved[:, 5 + attempt.side]
    to_ball = attempt.target - (before + after)[:, LEFT_HAND + attempt.side] / 2
    speed = float(((hand * to_ball).sum(axis=1) / np.linalg.norm(to_ball, axis=1)).max()) / 0.02
    return True if speed > REACHES_MPS else False if speed < CALM_MPS else None


def _close_range(attempt: SceneAttempt) -> bool | None:
    away = float(np.linalg.norm((attempt.source - attempt.target)[:2]))
    return True if away < CLOSE_M else False if away > FAR_M else None


def _falling_support(attempt: SceneAttempt, joints: Floats) -> bool:
    if joints[LEFT_HAND + attempt.side, 2] >= 0.2:
        return False
    return bool(np.abs(attempt.animation.at(np.array([attempt.moment_s])).tilt).max() > 0.4)


def _outcome(attempt: SceneAttempt, end_s: float) -> dict[str, bool | str | None]:
    after = end_s + 0.5
    goal = goal_entered(attempt.ball, attempt.moment_s, after)
    ending = attempt.script.ending
    if (ending in {"goal", "mate_scores", "scores_next"}) != (
        goal == attempt.attack_sign
    ) or goal == -attempt.attack_sign:
        raise AttemptFailed("the ball enters the wrong goal, or none")
    arriving = attempt.ball.legs[[leg.start_s for leg in attempt.ball.legs].index(attempt.moment_s) - 1]
    undisturbed = free_flight(attempt.target, arriving.end_velocity, attempt.moment_s, after)
    saved = (
        goal_entered(BallTrajectory([undisturbed]), attempt.moment_s, after) == -attempt.attack_sign
        and attempt.script.miss_m == 0
    )
    return {
        "scored": {"goal": "directly", "scores_next": "immediately"}.get(ending, "no"),
        "team_mate": "goal" if ending == "mate_scores" else "no",
        "chance": "immediately" if ending == "scores_next" else "no",
        "denied": "goal" if saved and attempt.player.role != "goalkeeper" else "nothing",
    }


def _justified(attempt: SceneAttempt) -> bool:
    """Whether a jump, a run or a fall justifies the position of the arm."""
    if float(np.hypot(*attempt.body.velocity(attempt.moment_s)[0])) > 3.5:
        return True
    pose = attempt.animation.at(np.array([attempt.moment_s]))
    return float(pose.lift[0]) > 0.12 or float(np.abs(pose.tilt).max()) > 0.4
