"""Touches that decide about a goal: off the arm and in, for a team-mate, for oneself, or off the line."""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator

from raasid.data.synthetic.scenarios.arm_position import arm_out
from raasid.data.synthetic.scenarios.postures import any_arm, hanging, held, legs, spread_arm
from raasid.data.synthetic.scenarios.script import Ending, Script


def _attacker(rng: Generator, ending: Ending, **promised: bool | str) -> Script:
    arm = hanging(rng) if rng.random() < 0.5 else spread_arm(rng)
    return Script(
        aim=("hand", "forearm", "forearm", "upper_arm")[int(rng.integers(4))],
        keys=held(rng, arm, any_arm(rng), **legs(rng)),
        facts={
            "deliberate": False,
            "above_shoulder": False,
            "close_range": False,
            "in_own_area": False,
            **promised,
        },
        places=("goal_mouth",),
        ending=ending,
        turned=(-100, 100),
        comes_from=(-100, 100),
        distance=(4.0, 11.0),
    )


def goal_off_arm(rng: Generator) -> Script:
    """The ball springs off the arm of an attacker into the goal."""
    return _attacker(rng, "goal", scored="directly")


def goal_by_team_mate(rng: Generator) -> Script:
    """The ball falls off the arm to a team-mate, who scores at once."""
    return replace(_attacker(rng, "mate_scores", team_mate="goal"), speed=(8.0, 13.0))


def goal_after_touch(rng: Generator) -> Script:
    """The ball falls off the arm before the player's own foot, and he scores at once."""
    return replace(_attacker(rng, "scores_next", scored="immediately"), speed=(8.0, 13.0))


def goal_denied(rng: Generator) -> Script:
    """On the goal line an arm that stands off keeps the ball out."""
    script = arm_out(rng)
    facts = {**script.facts, "denied": "goal", "in_own_area": True}
    return replace(script, facts=facts, places=("goal_line",), distance=(5.0, 11.0), speed=(13.0, 20.0))
