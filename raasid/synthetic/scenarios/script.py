"""What a scenario asks for: who stands where in which posture, how the ball comes, and what is true of it."""

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
    """An attempt that does not work out; the next one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One attempt; times in seconds around the moment of the touch."""

    aim: Segment
    """The part that the ball is sent to, on the story's side."""
    keys: tuple[tuple[float, Pose], ...]
    """Postures around the moment, the story's arm first."""
    facts: dict[str, bool | str]
    """What the scenario promises; an attempt of which it is not true is thrown away."""
    part: Range = (0.3, 0.8)
    """Where along the segment."""
    miss_m: float = 0.0
    """Gap in depth between ball and segment; 0 for a touch. Above 0 the ball is behind, below 0 before it."""
    keeper: bool = False
    zones: tuple[PitchZone, ...] = ("own_area", "own_area", "midfield")
    pace: Range = (0.0, 0.8)
    """m/s of the touched player."""
    jump_m: float = 0.0
    turned: Range = (-75.0, 75.0)
    """Degrees between where the player faces and the camera."""
    comes_from: Range = (-70.0, 70.0)
    """Degrees between where the player faces and where the ball comes from, positive on the story's side."""
    distance: Range = (4.0, 9.0)
    """Metres from the one who plays it."""
    speed: Range = (11.0, 18.0)
    """m/s"""
    first: Segment | None = None
    """Of the player's own body: the ball touches it on the way."""
    ending: EndingType = "bounces"
    spring: Range = (0.25, 0.5)
    """Share of the speed with which it springs back."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """An entry of the registry."""

    write: Callable[[Generator], Script]
    offence: bool | None = False
    """By the wording from 2021/22 on; None where both occur."""
    weight: float = 1.0
    """How often it is staged, next to the others."""
    training: bool = True
    """False for those that only the shift suite `unseen_scenario` shows."""
