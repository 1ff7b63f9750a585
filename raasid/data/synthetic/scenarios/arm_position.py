"""The arm is simply there: tucked in, out without need, out because of a jump or run, or raised."""

from __future__ import annotations

from numpy.random import Generator

from raasid.data.synthetic.pose_script import Arm, Pose
from raasid.data.synthetic.scenarios.postures import (
    CALM,
    UNJUSTIFIED,
    any_arm,
    hanging,
    held,
    leap,
    legs,
    spread_arm,
)
from raasid.data.synthetic.scenarios.script import Script
from raasid.laws.facts import Segment


def _arm_part(rng: Generator) -> Segment:
    return ("hand", "forearm", "forearm", "upper_arm")[int(rng.integers(4))]


def arm_tucked(rng: Generator) -> Script:
    """The arm lies at the body, hanging or folded before it."""
    folded = rng.random() < 0.4
    arm = (
        Arm(
            rng.uniform(8, 20), rng.uniform(20, 80), rng.uniform(60, 105), (1.0, rng.uniform(-1.2, -0.5), 0.2)
        )
        if folded
        else Arm(rng.uniform(6, 16), rng.uniform(-20, 60), rng.uniform(10, 30))
    )
    return Script(
        aim=("forearm", "hand", "forearm", "upper_arm")[int(rng.integers(4))],
        keys=held(rng, arm, hanging(rng), **legs(rng)),
        facts=CALM | {"bigger": False},
    )


def arm_out(rng: Generator) -> Script:
    """The arm stands off although the body hardly moves."""
    arm = spread_arm(rng)
    return Script(
        aim=_arm_part(rng),
        keys=held(rng, arm, any_arm(rng), **legs(rng)),
        facts=CALM | UNJUSTIFIED,
    )


def arm_justified(rng: Generator) -> Script:
    """The arm is where a jump or a sprint needs it."""
    facts: dict[str, bool | str] = CALM | {"bigger": True, "justified": True}
    if rng.random() < 0.55:
        arm = Arm(
            rng.uniform(55, 84), rng.uniform(0, 60), rng.uniform(30, 80), (1.0, 0.0, rng.uniform(-0.5, 0.3))
        )
        other = Arm(rng.uniform(45, 85), rng.uniform(0, 60), rng.uniform(30, 80))
        return Script(
            aim=_arm_part(rng),
            keys=leap(rng, arm, other),
            jump_m=rng.uniform(0.25, 0.55),
            facts=facts,
            places=("own_area", "midfield"),
        )
    # a sprinter's arms swing far and bent
    arm = Arm(
        rng.uniform(48, 70),
        rng.uniform(-80, -20) if rng.random() < 0.5 else rng.uniform(40, 80),
        rng.uniform(55, 95),
        (1.0, 0.0, -0.2),
    )
    other = Arm(rng.uniform(30, 60), rng.uniform(40, 80), rng.uniform(60, 95))
    return Script(
        aim=_arm_part(rng),
        keys=((0.0, Pose(arm=arm, other=other)),),
        pace=(4.2, 6.5),
        facts=facts,
        turned=(-95, 95),
        places=("own_area", "midfield"),
    )


def above_shoulder(rng: Generator) -> Script:
    """The arm is raised above the shoulder, and no jump explains it."""
    arm = Arm(rng.uniform(112, 155), rng.uniform(-10, 60), rng.uniform(5, 40), (0.6, 0.0, 1.0))
    return Script(
        aim=("hand", "forearm", "forearm")[int(rng.integers(3))],
        keys=held(rng, arm, any_arm(rng), **legs(rng)),
        facts=CALM | UNJUSTIFIED | {"above_shoulder": True},
        distance=(5.0, 12.0),
    )


def close_range(rng: Generator) -> Script:
    """An opponent plays the ball from less than two metres; the arm stands off or not."""
    out = rng.random() < 0.5
    arm = spread_arm(rng) if out else hanging(rng)
    return Script(
        aim=_arm_part(rng),
        keys=held(rng, arm, any_arm(rng), **legs(rng)),
        facts=CALM | {"close_range": True} | (UNJUSTIFIED if out else {"bigger": False}),
        distance=(1.0, 1.75),
        speed=(9.0, 13.0),
    )


def elbow_behind(rng: Generator) -> Script:
    """From behind onto an elbow that points backwards: no training league shows it."""
    arm = Arm(rng.uniform(50, 75), rng.uniform(-85, -55), rng.uniform(60, 100), (1.0, 0.0, 0.0))
    return Script(
        aim=("upper_arm", "forearm")[int(rng.integers(2))],
        keys=held(rng, arm, any_arm(rng), **legs(rng)),
        facts=CALM | UNJUSTIFIED,
        turned=(110, 250),
        comes_from=(130, 230),
    )
