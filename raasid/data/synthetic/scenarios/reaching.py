"""The hand goes to the ball: an outfield player who must not, a goalkeeper who may."""

from __future__ import annotations

from numpy.random import Generator

from raasid.data.synthetic.pose_script import Arm, Pose
from raasid.data.synthetic.scenarios.postures import airborne, any_arm, hanging, legs
from raasid.data.synthetic.scenarios.script import Script


def deliberate(rng: Generator) -> Script:
    """The arm leaves its rest and meets the ball."""
    stance, rest, other = legs(rng), hanging(rng), any_arm(rng)
    reach = Arm(rng.uniform(75, 125), rng.uniform(5, 70), rng.uniform(5, 30), (1.0, 0.0, 0.4))
    return Script(
        aim=("hand", "hand", "forearm")[int(rng.integers(3))],
        keys=(
            (-0.30, Pose(arm=rest, other=other, **stance)),  # type: ignore[arg-type]
            (0.10, Pose(arm=reach, other=other, **stance)),  # type: ignore[arg-type]
        ),
        facts={"deliberate": True, "bigger": True, "justified": False},
        part=(0.4, 0.9),
        comes_from=(-60, 80),
        places=("own_area", "midfield"),
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
        crouch = legs(rng) | {"hip": (45.0, 45.0), "knee": (70.0, 70.0)}
        flying = airborne(rng)
        return Script(
            aim="hand",
            keys=(
                (-0.36, Pose(arm=ready, other=ready, **crouch)),  # type: ignore[arg-type]
                (0.12, Pose(arm=stretched, other=stretched, fall=(0.0, fall), **flying)),  # type: ignore[arg-type]
            ),
            keeper=True,
            places=("own_area",),
            jump_m=rng.uniform(0.15, 0.5),
            facts=facts,
            comes_from=(-50, 50),
            distance=(6, 11),
            speed=(15, 22),
        )
    meet = Arm(rng.uniform(70, 120), rng.uniform(60, 85), rng.uniform(15, 50), (0.3, -0.3, 1.0))
    stance = legs(rng)
    return Script(
        aim="hand",
        keys=(
            (-0.30, Pose(arm=ready, other=ready, **stance)),  # type: ignore[arg-type]
            (0.10, Pose(arm=meet, other=meet, **stance)),  # type: ignore[arg-type]
        ),
        keeper=True,
        places=("own_area",),
        facts=facts | {"justified": True},
        comes_from=(-40, 40),
        distance=(6, 11),
    )
