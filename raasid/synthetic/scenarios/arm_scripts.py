"""Scripts in which the ball touches an arm: at rest, spread, raised, deliberate, deflected, falling."""

from __future__ import annotations

from numpy.random import Generator

from raasid.laws.facts import Segment
from raasid.synthetic.pose_keyframes import Arm, Pose
from raasid.synthetic.scenarios.pose_library import (
    CALM,
    UNJUSTIFIED,
    airborne_legs,
    any_arm,
    hanging_arm,
    hold_pose,
    jump_pose,
    spread_arm,
    stance,
)
from raasid.synthetic.scenarios.script import Script


def _arm_part(rng: Generator) -> Segment:
    return ("hand", "forearm", "forearm", "upper_arm")[int(rng.integers(4))]


def arm_tucked(rng: Generator) -> Script:
    """The arm lies at the body, hanging or folded in front of it."""
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
        keyframes=hold_pose(rng, arm, hanging_arm(rng), **stance(rng)),
        facts=CALM | {"bigger": False},
    )


def arm_out(rng: Generator) -> Script:
    """The arm stands off although the body hardly moves."""
    arm = spread_arm(rng)
    return Script(
        aim=_arm_part(rng),
        keyframes=hold_pose(rng, arm, any_arm(rng), **stance(rng)),
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
            keyframes=jump_pose(rng, arm, other),
            jump_m=rng.uniform(0.25, 0.55),
            facts=facts,
            zones=("own_area", "midfield"),
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
        keyframes=((0.0, Pose(arm=arm, other_arm=other)),),
        player_speed=(4.2, 6.5),
        facts=facts,
        facing=(-95, 95),
        zones=("own_area", "midfield"),
    )


def above_shoulder(rng: Generator) -> Script:
    """The arm is raised above the shoulder, and no jump explains it."""
    arm = Arm(rng.uniform(112, 155), rng.uniform(-10, 60), rng.uniform(5, 40), (0.6, 0.0, 1.0))
    return Script(
        aim=("hand", "forearm", "forearm")[int(rng.integers(3))],
        keyframes=hold_pose(rng, arm, any_arm(rng), **stance(rng)),
        facts=CALM | UNJUSTIFIED | {"above_shoulder": True},
        kick_distance=(5.0, 12.0),
    )


def close_range(rng: Generator) -> Script:
    """An opponent plays the ball from less than two metres; the arm stands off or not."""
    out = rng.random() < 0.5
    arm = spread_arm(rng) if out else hanging_arm(rng)
    return Script(
        aim=_arm_part(rng),
        keyframes=hold_pose(rng, arm, any_arm(rng), **stance(rng)),
        facts=CALM | {"close_range": True} | (UNJUSTIFIED if out else {"bigger": False}),
        kick_distance=(1.0, 1.75),
        ball_speed=(9.0, 13.0),
    )


def elbow_behind(rng: Generator) -> Script:
    """From behind onto an elbow that points backwards: no training league shows it."""
    arm = Arm(rng.uniform(50, 75), rng.uniform(-85, -55), rng.uniform(60, 100), (1.0, 0.0, 0.0))
    return Script(
        aim=("upper_arm", "forearm")[int(rng.integers(2))],
        keyframes=hold_pose(rng, arm, any_arm(rng), **stance(rng)),
        facts=CALM | UNJUSTIFIED,
        facing=(110, 250),
        arrival=(130, 230),
    )


def deliberate(rng: Generator) -> Script:
    """The arm leaves its rest and meets the ball."""
    legs, rest, other = stance(rng), hanging_arm(rng), any_arm(rng)
    reach = Arm(rng.uniform(75, 125), rng.uniform(5, 70), rng.uniform(5, 30), (1.0, 0.0, 0.4))
    return Script(
        aim=("hand", "hand", "forearm")[int(rng.integers(3))],
        keyframes=(
            (-0.30, Pose(arm=rest, other_arm=other, **legs)),  # type: ignore[arg-type]
            (0.10, Pose(arm=reach, other_arm=other, **legs)),  # type: ignore[arg-type]
        ),
        facts={"deliberate": True, "bigger": True, "justified": False},
        aim_range=(0.4, 0.9),
        arrival=(-60, 80),
        zones=("own_area", "midfield"),
    )


def goalkeeper(rng: Generator) -> Script:
    """A save with the hands in the own area, standing or diving."""
    facts: dict[str, bool | str] = {
        "deliberate": True,
        "goalkeeper": True,
        "in_own_area": True,
        "segment": "hand",
    }
    ready = Arm(rng.uniform(30, 50), rng.uniform(30, 60), rng.uniform(50, 80), (1.0, 0.0, 0.2))
    if rng.random() < 0.5:
        stretched = Arm(rng.uniform(120, 165), rng.uniform(0, 30), rng.uniform(0, 15), (1.0, 0.0, 0.5))
        fall = rng.uniform(45, 75)
        crouch = stance(rng) | {"hip": (45.0, 45.0), "knee": (70.0, 70.0)}
        flying = airborne_legs(rng)
        return Script(
            aim="hand",
            keyframes=(
                (-0.36, Pose(arm=ready, other_arm=ready, **crouch)),  # type: ignore[arg-type]
                (0.12, Pose(arm=stretched, other_arm=stretched, fall=(0.0, fall), **flying)),  # type: ignore[arg-type]
            ),
            keeper=True,
            zones=("own_area",),
            jump_m=rng.uniform(0.15, 0.5),
            facts=facts,
            arrival=(-50, 50),
            kick_distance=(6, 11),
            ball_speed=(15, 22),
        )
    meet = Arm(rng.uniform(70, 120), rng.uniform(60, 85), rng.uniform(15, 50), (0.3, -0.3, 1.0))
    legs = stance(rng)
    return Script(
        aim="hand",
        keyframes=(
            (-0.30, Pose(arm=ready, other_arm=ready, **legs)),  # type: ignore[arg-type]
            (0.10, Pose(arm=meet, other_arm=meet, **legs)),  # type: ignore[arg-type]
        ),
        keeper=True,
        zones=("own_area",),
        facts=facts | {"justified": True},
        arrival=(-40, 40),
        kick_distance=(6, 11),
    )


def own_deflection(rng: Generator) -> Script:
    """Off the own thigh, foot, chest or head onto the arm."""
    parts: tuple[Segment, ...] = ("thigh", "thigh", "shin", "chest", "head")
    arm = spread_arm(rng)
    return Script(
        aim=("hand", "forearm", "upper_arm")[int(rng.integers(3))],
        first_touch=parts[int(rng.integers(len(parts)))],
        keyframes=hold_pose(rng, arm, any_arm(rng), **stance(rng)),
        facts=CALM | UNJUSTIFIED | {"own_deflection": True},
        arrival=(-60, 60),
    )


def falling_support(rng: Generator) -> Script:
    """Falling forward, the arm between body and ground breaks the fall."""
    fall = rng.uniform(52, 64)
    down = Arm(rng.uniform(70, 84), rng.uniform(78, 92), rng.uniform(4, 16), (0.0, 0.4, -1.0))
    before = Arm(rng.uniform(40, 60), rng.uniform(50, 80), rng.uniform(25, 45))
    legs = {
        "hip": (rng.uniform(-6, 14), rng.uniform(-8, 6)),
        "knee": (rng.uniform(5, 25), rng.uniform(2, 12)),
        "spread": 8.0,
        "lean": 0.0,
    }
    return Script(
        aim=("forearm", "hand", "forearm")[int(rng.integers(3))],
        keyframes=(
            (-0.40, Pose(arm=before, other_arm=before, fall=(fall * 0.35, 0.0), **legs)),  # type: ignore[arg-type]
            (-0.06, Pose(arm=down, other_arm=down, fall=(fall, 0.0), **legs)),  # type: ignore[arg-type]
        ),
        facts=CALM | {"falling_support": True, "bigger": False},
        arrival=(-110, 110),
        facing=(-110, 110),
        ball_speed=(9, 15),
    )
