"""Scripts of scenarios: where the player is, in which pose, how the ball arrives, and what must be true.

Ranges are drawn in each attempt. The active side, left or right, is that of the touched arm or leg.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

from raasid.laws.facts import Segment
from raasid.synthetic.pose_keyframes import Pose

PitchZone = Literal["own_area", "midfield", "goal_mouth", "goal_line"]
EndingType = Literal["bounces", "passes", "goal", "mate_scores", "scores_next"]
Range = tuple[float, float]


class AttemptFailed(Exception):
    """An attempt that does not show what its script promises; the next one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One drawn script; times in seconds from the moment of the touch."""

    aim: Segment
    """The segment that the ball is aimed at, on the active side."""
    keyframes: tuple[tuple[float, Pose], ...]
    """Poses around the moment."""
    facts: dict[str, bool | str]
    """Facts that must be true; other attempts are discarded."""
    aim_range: Range = (0.3, 0.8)
    """Range along the segment, 0 to 1."""
    miss_m: float = 0.0
    """Gap in depth between ball and segment: 0 for a touch, above 0 behind, below 0 in front of it."""
    keeper: bool = False
    zones: tuple[PitchZone, ...] = ("own_area", "own_area", "midfield")
    player_speed: Range = (0.0, 0.8)
    """Of the touched player, m/s."""
    jump_m: float = 0.0
    facing: Range = (-75.0, 75.0)
    """Degrees between the player's heading and the camera."""
    arrival: Range = (-70.0, 70.0)
    """Degrees between the player's heading and the direction of the kicker, positive on the active side."""
    kick_distance: Range = (4.0, 9.0)
    """Metres from the kicker to the player."""
    ball_speed: Range = (11.0, 18.0)
    """m/s."""
    first_touch: Segment | None = None
    """A segment of the player's own body that deflects the ball before."""
    ending: EndingType = "bounces"
    restitution: Range = (0.25, 0.5)
    """Share of the ball's speed that remains in a bounce."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """An entry of the registry."""

    draw_script: Callable[[Generator], Script]
    offence: bool | None = False
    """Whether it is one by the wording from 2021/22 on; None if both occur."""
    weight: float = 1.0
    """Relative frequency."""
    training: bool = True
    """False for scenarios of the shift suite `unseen_scenario` alone."""
