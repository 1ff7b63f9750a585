"""Poses that several scenarios share."""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator

from raasid.synthetic.pose_keyframes import Arm, Pose

Keyframes = tuple[tuple[float, Pose], ...]
CALM: dict[str, bool | str] = {"deliberate": False, "above_shoulder": False, "close_range": False}
"""Facts of an ordinary touch: not deliberate, arm not raised, ball not from close range."""
UNJUSTIFIED: dict[str, bool | str] = {"bigger": True, "justified": False}


def hanging_arm(rng: Generator) -> Arm:
    """Draw an arm at rest beside the body."""
    return Arm(rng.uniform(8, 20), rng.uniform(-30, 60), rng.uniform(15, 45))


def spread_arm(rng: Generator) -> Arm:
    """Draw an arm well away from the body, at most level."""
    return Arm(
        rng.uniform(52, 86), rng.uniform(-15, 45), rng.uniform(8, 38), (1.0, 0.0, rng.uniform(-0.6, 0.3))
    )


def any_arm(rng: Generator) -> Arm:
    """Draw an arm at rest or away from the body."""
    return hanging_arm(rng) if rng.random() < 0.5 else spread_arm(rng)


def stance(rng: Generator) -> dict[str, tuple[float, float] | float]:
    """Draw the legs of a stance with slightly bent knees."""
    bend = rng.uniform(8, 28)
    return {
        "hip": (rng.uniform(0, 26), rng.uniform(-10, 14)),
        "knee": (bend, rng.uniform(8, 28)),
        "spread": rng.uniform(4, 15),
        "lean": rng.uniform(0, 14),
    }


def airborne_legs(rng: Generator) -> dict[str, tuple[float, float] | float]:
    """Draw legs in the air: one drawn up, one trailing."""
    return {
        "hip": (rng.uniform(5, 45), rng.uniform(-22, 8)),
        "knee": (rng.uniform(35, 80), rng.uniform(20, 60)),
        "spread": rng.uniform(3, 10),
        "lean": rng.uniform(-4, 14),
    }


def hold_pose(rng: Generator, arm: Arm, other: Arm, **rest: object) -> Keyframes:
    """Return keyframes of one pose in which the arms sway a little."""
    return tuple(
        (t, Pose(arm=_swayed(rng, arm, sway), other_arm=_swayed(rng, other, 2 * sway), **rest))  # type: ignore[arg-type]
        for t, sway in ((-0.42, 7.0), (0.0, 0.0), (0.42, 7.0))
    )


def jump_pose(rng: Generator, arm: Arm, other: Arm) -> Keyframes:
    """Return keyframes of a jump: in the air at the moment, knees bent before and after it."""
    crouch, flight = stance(rng), airborne_legs(rng)
    crouch = crouch | {"hip": (38.0, 34.0), "knee": (62.0, 58.0)}
    low = [Pose(arm=_swayed(rng, arm, 8.0), other_arm=_swayed(rng, other, 12.0), **crouch) for _ in range(2)]  # type: ignore[arg-type]
    high = Pose(arm=arm, other_arm=other, **flight)  # type: ignore[arg-type]
    return ((-0.38, low[0]), (-0.14, high), (0.16, high), (0.40, low[1]))


def _swayed(rng: Generator, arm: Arm, degrees: float) -> Arm:
    raised, elbow = rng.uniform(-degrees, degrees, 2).tolist()
    return replace(arm, raised=max(arm.raised + raised, 3.0), elbow=max(arm.elbow + elbow, 0.0))
