"""The synthetic league: what is rendered, and the digest by which a rendered league is found again.

Rendered football with exact labels serves pre-training, tests and what-if questions; a score on it is never
reported as accuracy on real football.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from raasid.config.section import Count, Fraction, Natural, Positive, Section

RENDERER_VERSION = 18
"""Increased whenever the same league would give different images or labels."""

ScenarioName = Literal[
    "deliberate",
    "arm_tucked",
    "arm_out",
    "arm_justified",
    "above_shoulder",
    "close_range",
    "own_deflection",
    "falling_support",
    "goalkeeper",
    "goal_off_arm",
    "goal_after_touch",
    "goal_by_team_mate",
    "goal_denied",
    "shoulder",
    "chest",
    "thigh",
    "head",
    "foot",
    "near_miss",
    "elbow_behind",
]
ShiftName = Literal[
    "night",
    "rain",
    "snow",
    "fog",
    "camera_height",
    "camera_zoom",
    "kit_clash",
    "bitrate",
    "frame_rate",
    "slow_motion",
    "league_style",
    "mirror",
    "prior",
    "unseen_scenario",
    "law_change",
]
CameraHeight = Annotated[float, Ge(6), Le(90)]


class LeagueSettings(Section):
    """What a league shows: the part of `data=synthetic` that decides images and labels."""

    matches: Count = 64
    """All of them; validation and test matches are taken from these."""
    clips_per_match: Count = 4
    frames_per_clip: Count = 5
    ball_px: Annotated[float, Ge(3), Le(30)] = 14.0
    """Median diameter of the ball in pixels of an image 640 wide: how tight the shots are."""
    frame_rate_hz: Positive = 25.0
    stride: Count = 5
    """Step between stored frames, in frames of the clip's time base."""
    scenario_share: Fraction = 0.0
    """Share of clips that are scripted: one touch each in close-up, with ground-truth facts."""
    scenarios: tuple[ScenarioName, ...] = ()
    """Scenarios of the scripted clips; empty: all that training may see."""
    handball_prior: Fraction | None = None
    """Share of the scripted clips that show an offence by today's Law; null: each scenario by its weight."""
    unseen_share: Fraction = 0.0
    """Share of the scripted clips that show a scenario which no training league contains."""
    scenario_frames: Annotated[int, Ge(4), Le(100)] = 20
    """Frames of a scripted clip; their stride is 1."""
    scenario_ball_px: Annotated[float, Ge(3), Le(40)] = 20.0
    """As `ball_px`, for scripted clips."""
    occlusion: Fraction = 0.0
    """Share of clips in which a player is put between the camera and the ball."""
    camera_height_m: tuple[CameraHeight, CameraHeight] | None = None
    """Lowest and highest main camera; null: 10 to 35 m."""
    slow_motion: Annotated[float, Ge(1), Le(10)] = 1.0
    """Replay speed: how many times slower than life the clips run."""
    missing_balls: Fraction = 0.0
    """Share of ball labels that are left out. Label noise never changes images; 0 gives the ground truth."""
    box_jitter: Annotated[float, Ge(0), Le(0.5)] = 0.0
    """Standard deviation by which labelled boxes are displaced, as a share of their size."""
    swapped_wrists: Fraction = 0.0
    """Share of persons whose left and right wrists are swapped in the labels."""
    shift: ShiftName | None = None
    """A shift suite: the same league under other conditions, with exact labels."""
    shift_intensity: Annotated[int, Ge(0), Le(3)] = 0
    """0 (none) to 3."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Ranges must rise, and settings that depend on others must find them."""
        yield from super().cross_field_errors()
        if self.camera_height_m is not None and self.camera_height_m[0] > self.camera_height_m[1]:
            yield "camera_height_m", f"must be lowest, highest, but is {list(self.camera_height_m)}"
        if self.shift_intensity > 0 and self.shift is None:
            yield "shift", f"must name a suite, because data.shift_intensity is {self.shift_intensity}"
        if self.shift in ("prior", "unseen_scenario", "law_change") and self.scenario_share == 0:
            yield (
                "scenario_share",
                f"must be above 0 for data.shift={self.shift}, which changes scripted clips",
            )

    def to_league(self, size: tuple[int, int] | None, seed: int) -> League:
        """Return the league with these settings; size: width, height in pixels, None: the default."""
        settings = {name: getattr(self, name) for name in LeagueSettings.model_fields}
        league = League(**settings, seed=seed)
        return league if size is None else league.replace(size=size)


class League(LeagueSettings):
    """A league to render or to label. Equal leagues give equal bytes."""

    size: tuple[Count, Count] = (640, 360)
    """Width, height in pixels."""
    seed: Natural = 0
    jpeg_quality: Annotated[int, Ge(1), Le(100)] = 92

    def replace(self, **changes: Any) -> League:
        """Return a copy with other settings; they are not validated, for a shift may go beyond the ranges."""
        return self.model_copy(update=changes)

    def digest(self) -> str:
        """Return 64 hex digits that name the league's images and labels.

        Settings outside `_ALWAYS_HASHED` are left out while they have their defaults, so that a new setting
        does not rename the leagues that were rendered before it.
        """
        described = self.model_dump()
        if self.shift_intensity == 0:
            described["shift"] = None
        hashed = {
            name: value
            for name, value in described.items()
            if name in _ALWAYS_HASHED or value != type(self).model_fields[name].default
        }
        text = json.dumps({**hashed, "renderer": RENDERER_VERSION}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


_ALWAYS_HASHED = frozenset(
    {
        "matches",
        "clips_per_match",
        "frames_per_clip",
        "size",
        "frame_rate_hz",
        "stride",
        "ball_px",
        "seed",
        "jpeg_quality",
    }
)
