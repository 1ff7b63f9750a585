"""The whole configuration of `review`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from raasid.config.section import (
    PATHS_MUST_EXIST,
    Count,
    Fraction,
    NonNegative,
    PathsConfig,
    Positive,
    Section,
)
from raasid.laws.edition_names import LawConfig

NEWEST = "newest"


def _there(which: str, info: ValidationInfo) -> str:
    looked_for = info.context and info.context.get(PATHS_MUST_EXIST)
    if looked_for and which != NEWEST and not Path(which).is_file():
        raise PydanticCustomError("no_such_path", f"no such file: '{which}'; name a checkpoint, or {NEWEST}")
    return which


Trained = Annotated[str, AfterValidator(_there)]
"""newest, or a checkpoint."""


class ReviewSection(Section):
    """How a clip is looked at, and when the review keeps its opinion to itself."""

    window_s: Positive = 0.96
    """How much play is judged at a time, seconds, round each approach of the ball to an arm."""
    windows: Count = 24
    """Most windows of one clip; the closest approaches come first."""
    person_sure: Fraction = 0.2
    """Score from which somebody is followed; below the trackers' own, because footage that is unlike the
    training's scores lower, and who is unsure is left to the other limits."""
    video: bool = True
    """Whether the annotated video is written."""
    video_px: Annotated[int, Ge(160)] = 1280
    """Longest side of the annotated video at most, pixels."""
    least_frames: Count = 5
    """A shorter clip shows no motion to judge by."""
    least_ball_seen: Fraction = 0.3
    """Share of frames that must show the ball, of the clip and of the window that decides."""
    least_arm_px: NonNegative = 8.0
    """Length of the arm next to the ball, shoulder to wrist, pixels of the footage."""
    least_confidence: Fraction = 0.6
    """Probability of the decision."""


class ReviewConfig(Section):
    """Everything that decides what a review says."""

    source: str | list[str]
    """Videos, folders, patterns, lists (`@list.txt`)."""
    law: LawConfig
    out: Path = Path("reviews")
    """A folder for each clip, and in it one for each edition of the Laws."""
    ball: Trained = NEWEST
    pose: Trained = NEWEST
    context: Trained = NEWEST
    device: str = "cpu"
    review: ReviewSection = ReviewSection()
    tags: list[str] = Field([])
    paths: PathsConfig = PathsConfig()
