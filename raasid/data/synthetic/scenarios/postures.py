"""Postures that several scenarios share."""

from __future__ import annotations

from numpy.random import Generator

from raasid.data.synthetic.pose_script import Arm, Pose

CALM: dict[str, bool | str] = {"deliberate": False, "above_shoulder": False, "close_range": False}
"""Nothing special about the touch: the arm did not go for the ball, is not raised, and had time."""
UNJUSTIFIED: dict[str, bool | str] = {"bigger": True, "justified": False}


def hanging(rng: Generator) -> Arm:
    """An arm at rest beside the body."""
    return Arm(rng.uniform(8, 20), rng.uniform(-30, 60), rng.uniform(15, 45))


def spread_arm(rng: Generator) -> Arm:
    """An arm well away from the body, at most level."""
    return Arm(
        rng.uniform(52, 86), rng.uniform(-15, 45), rng.uniform(8, 38), (1.0, 0.0, rng.uniform(-0.6, 0.3))
    )


def any_arm(rng: Generator) -> Arm:
    """At rest or away from the body, as it happens in play."""
    return hanging(rng) if rng.random() < 0.5 else spread_arm(rng)


def legs(rng: Generator) -> dict[str, tuple[float, float] | float]:
    """A stance with slightly bent knees."""
    bend = rng.uniform(8, 28)
    return {
        "hip": (rng.uniform(0, 26), rng.uniform(-10, 14)),
        "knee": (bend, rng.uniform(8, 28)),
        "spread": rng.uniform(4, 15),
        "lean": rng.uniform(0, 14),
    }


def airborne(rng: Generator) -> dict[str, tuple[float, float] | float]:
    """Legs in the air: one drawn up, one trailing."""
    return {
        "hip": (rng.uniform(5, 45), rng.uniform(-22, 8)),
        "knee": (rng.uniform(35, 80), rng.uniform(20, 60)),
        "spread": rng.uniform(3, 10),
        "lean": rng.uniform(-4, 14),
    }


def held(arm: Arm, other: Arm, **rest: object) -> tuple[tuple[float, Pose], ...]:
    """One posture all the time."""
    return ((0.0, Pose(arm=arm, other=other, **rest)),)  # type: ignore[arg-type]
