"""Touches that come off the player's own body first, or while he falls."""

from __future__ import annotations

from numpy.random import Generator

from raasid.data.synthetic.pose_script import Arm, Pose
from raasid.data.synthetic.scenarios.postures import CALM, UNJUSTIFIED, any_arm, held, legs, spread_arm
from raasid.data.synthetic.scenarios.script import Script
from raasid.laws.facts import Segment


def own_deflection(rng: Generator) -> Script:
    """Off the own thigh, foot, chest or head onto the arm."""
    parts: tuple[Segment, ...] = ("thigh", "thigh", "shin", "chest", "head")
    arm = spread_arm(rng)
    return Script(
        aim=("hand", "forearm", "upper_arm")[int(rng.integers(3))],
        first=parts[int(rng.integers(len(parts)))],
        keys=held(rng, arm, any_arm(rng), **legs(rng)),
        facts=CALM | UNJUSTIFIED | {"own_deflection": True},
        comes_from=(-60, 60),
    )


def falling_support(rng: Generator) -> Script:
    """Falling forward, the arm between body and ground breaks the fall."""
    fall = rng.uniform(52, 64)
    down = Arm(rng.uniform(70, 84), rng.uniform(78, 92), rng.uniform(4, 16), (0.0, 0.4, -1.0))
    before = Arm(rng.uniform(40, 60), rng.uniform(50, 80), rng.uniform(25, 45))
    stance = {
        "hip": (rng.uniform(-6, 14), rng.uniform(-8, 6)),
        "knee": (rng.uniform(5, 25), rng.uniform(2, 12)),
        "spread": 8.0,
        "lean": 0.0,
    }
    return Script(
        aim=("forearm", "hand", "forearm")[int(rng.integers(3))],
        keys=(
            (-0.40, Pose(arm=before, other=before, fall=(fall * 0.35, 0.0), **stance)),  # type: ignore[arg-type]
            (-0.06, Pose(arm=down, other=down, fall=(fall, 0.0), **stance)),  # type: ignore[arg-type]
        ),
        facts=CALM | {"falling_support": True, "bigger": False},
        comes_from=(-110, 110),
        turned=(-110, 110),
        speed=(9, 15),
    )
