"""Scripts around goals, and scripts in which the ball touches no arm or only seems to."""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator

from raasid.laws.facts import Segment
from raasid.synthetic.pose_keyframes import Arm
from raasid.synthetic.scenarios.arm_scripts import (
    above_shoulder,
    arm_justified,
    arm_out,
    arm_tucked,
    deliberate,
)
from raasid.synthetic.scenarios.pose_library import (
    any_arm,
    hanging_arm,
    hold_pose,
    jump_pose,
    spread_arm,
    stance,
)
from raasid.synthetic.scenarios.script import EndingType, Script


def _attacker(rng: Generator, ending: EndingType, **promised: bool | str) -> Script:
    arm = hanging_arm(rng) if rng.random() < 0.5 else spread_arm(rng)
    return Script(
        aim=("hand", "forearm", "forearm", "upper_arm")[int(rng.integers(4))],
        keyframes=hold_pose(rng, arm, any_arm(rng), **stance(rng)),
        facts={
            "deliberate": False,
            "above_shoulder": False,
            "close_range": False,
            "in_own_area": False,
            **promised,
        },
        zones=("goal_mouth",),
        ending=ending,
        facing=(-100, 100),
        arrival=(-100, 100),
        kick_distance=(4.0, 11.0),
    )


def goal_off_arm(rng: Generator) -> Script:
    """The ball springs off the arm of an attacker into the goal."""
    return _attacker(rng, "goal", scored="directly")


def goal_by_team_mate(rng: Generator) -> Script:
    """The ball falls off the arm to a team-mate, who scores at once."""
    return replace(_attacker(rng, "mate_scores", team_mate="goal"), ball_speed=(8.0, 13.0))


def goal_after_touch(rng: Generator) -> Script:
    """The ball falls off the arm before the player's own foot, who scores at once."""
    return replace(_attacker(rng, "scores_next", scored="immediately"), ball_speed=(8.0, 13.0))


def goal_denied(rng: Generator) -> Script:
    """On the goal line an arm that stands off keeps the ball out."""
    script = arm_out(rng)
    facts = {**script.facts, "denied": "goal", "in_own_area": True}
    return replace(
        script, facts=facts, zones=("goal_line",), kick_distance=(5.0, 11.0), ball_speed=(13.0, 20.0)
    )


def _body_part(rng: Generator, segment: Segment, **options: object) -> Script:
    return Script(
        aim=segment,
        keyframes=hold_pose(rng, any_arm(rng), any_arm(rng), **stance(rng)),
        facts={"deliberate": False, "above_shoulder": False, "segment": segment},
        **options,  # type: ignore[arg-type]
    )


def shoulder(rng: Generator) -> Script:
    """Above the armpit's line: no arm since 2020/21."""
    return _body_part(rng, "shoulder", aim_range=(0.1, 0.9), kick_distance=(5.0, 12.0), arrival=(-60, 80))


def chest(rng: Generator) -> Script:
    """Taken down with the chest, arms wherever they are."""
    return _body_part(rng, "chest", kick_distance=(5.0, 12.0), arrival=(-45, 45), restitution=(0.1, 0.3))


def thigh(rng: Generator) -> Script:
    """Onto the thigh of a raised leg."""
    raised = {
        "hip": (rng.uniform(25, 60), rng.uniform(-5, 8)),
        "knee": (rng.uniform(35, 80), rng.uniform(5, 20)),
        "spread": 8.0,
        "lean": rng.uniform(0, 10),
    }
    return Script(
        aim="thigh",
        keyframes=hold_pose(rng, any_arm(rng), any_arm(rng), **raised),
        facts={"deliberate": False, "above_shoulder": False, "segment": "thigh"},
        aim_range=(0.2, 0.9),
        arrival=(-50, 50),
        restitution=(0.1, 0.35),
    )  # fmt: skip


def head(rng: Generator) -> Script:
    """A header, jumping or standing."""
    jump = rng.random() < 0.6
    arm = Arm(rng.uniform(45, 84), rng.uniform(0, 60), rng.uniform(30, 80))
    return Script(
        aim="head",
        keyframes=jump_pose(rng, arm, any_arm(rng))
        if jump
        else hold_pose(rng, arm, any_arm(rng), **stance(rng)),
        facts={"deliberate": False, "above_shoulder": False, "segment": "head"},
        jump_m=rng.uniform(0.25, 0.6) if jump else 0.0,
        kick_distance=(9.0, 16.0),
        ball_speed=(11.0, 16.0),
        arrival=(-60, 60),
        restitution=(0.6, 0.9),
    )


def foot(rng: Generator) -> Script:
    """Stopped or blocked with the foot, low beside the arms."""
    stretched = {
        "hip": (rng.uniform(15, 55), rng.uniform(-15, 5)),
        "knee": (rng.uniform(5, 25), rng.uniform(10, 30)),
        "spread": rng.uniform(6, 16),
        "lean": rng.uniform(0, 14),
    }
    return Script(
        aim="foot",
        keyframes=hold_pose(rng, any_arm(rng), any_arm(rng), **stretched),
        facts={"deliberate": False, "above_shoulder": False, "segment": "foot"},
        aim_range=(0.4, 0.9),
        arrival=(-50, 50),
        restitution=(0.05, 0.3),
    )  # fmt: skip


def near_miss(rng: Generator) -> Script:
    """In the image the ball is on the arm; in depth it passes in front of or behind it.

    The player moves as in the scenes with a touch, so that the pose of the arm reveals nothing.
    """
    touching = (deliberate, arm_out, arm_out, above_shoulder, arm_justified, arm_tucked)
    script = touching[int(rng.integers(len(touching)))](rng)
    return replace(
        script,
        facts={"segment": "none", "deliberate": False},
        miss_m=float(rng.uniform(0.45, 1.9) * rng.choice([-1.0, 1.0])),
        ending="passes",
        arrival=(-170, 170),
        zones=("own_area", "midfield"),
    )
