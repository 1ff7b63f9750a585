"""Group `data`: which footage, at which size, how it is dealt out.

Group `data`, annotation formats that users have: a section for each reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import Discriminator, Tag

from raasid.config.section import Count, Fraction, Natural, Positive, Section, TagBy
from raasid.config.validation import parse_recorded
from raasid.datasets.data_config import DataConfig, FilesDataConfig, LeagueConfig


class YoloDataConfig(FilesDataConfig):
    """A folder in YOLO format."""

    format: Literal["yolo"] = "yolo"
    ball_class: str | int | None = "ball"
    """Name or number of the ball's class; null: every class is a ball."""


class RoboflowCsvDataConfig(FilesDataConfig):
    """Images with one CSV table of boxes."""

    format: Literal["roboflow_csv"] = "roboflow_csv"
    ball_class: str | None = "ball"
    """Name of the ball's class, or what its name ends with; null: the set has no ball."""


class MvfoulDataConfig(FilesDataConfig):
    """SoccerNet-MVFoul."""

    format: Literal["mvfoul"] = "mvfoul"
    group: Literal["match", "action"] = "match"
    """What counts as one match when splits are made; action: as the published splits have it."""
    around: Annotated[int, Ge(0), Le(75)] = 0
    """Frames before and after the incident that come along; the dataset's own baseline takes 12."""


class BallActionDataConfig(FilesDataConfig):
    """SoccerNet ball-action spotting, or SoccerTrack v2's."""

    format: Literal["ball_action"] = "ball_action"
    frame_rate_hz: Positive = 25.0
    """Of games whose video is not there."""


class DflDataConfig(FilesDataConfig):
    """The DFL Bundesliga event table."""

    format: Literal["dfl"] = "dfl"
    frame_rate_hz: Positive = 25.0
    """Of matches whose video is not there."""


class TracknetDataConfig(FilesDataConfig):
    """TrackNet's ball tracks, a CSV per rally."""

    format: Literal["tracknet"] = "tracknet"
    frame_rate_hz: Positive = 30.0
    """Of rallies whose video is not there."""


class OriginDataConfig(FilesDataConfig):
    """The JSON lists of the origin project."""

    format: Literal["origin"] = "origin"
    image_size: tuple[Count, Count] | None = None
    """Width, height in pixels of images that are not there; null: their balls are left out."""


class CocoDataConfig(FilesDataConfig):
    """COCO detection and keypoint files, those of videos, and our own."""

    format: Literal["coco"] = "coco"
    ball_class: str | None = "ball"
    """Name of the ball's category; `ball` stands for its usual names; null: the set has no ball."""


class SoccernetTrackingDataConfig(FilesDataConfig):
    """SoccerNet-Tracking sequences (MOT)."""

    format: Literal["soccernet_tracking"] = "soccernet_tracking"


class GsrDataConfig(FilesDataConfig):
    """SoccerNet game-state reconstruction."""

    format: Literal["gsr"] = "gsr"


class CvatDataConfig(FilesDataConfig):
    """CVAT's XML 1.1, of images and of tracks."""

    format: Literal["cvat"] = "cvat"
    ball_class: str | None = "ball"
    """The ball's label; `ball` stands for its usual names; null: the set has no ball."""
    frame_rate_hz: Positive = 25.0
    """Of videos that are not there."""


class LabelstudioDataConfig(FilesDataConfig):
    """Label Studio's JSON export."""

    format: Literal["labelstudio"] = "labelstudio"
    ball_class: str | None = "ball"
    """The ball's label; `ball` stands for its usual names; null: the set has no ball."""
    frame_rate_hz: Positive = 25.0
    """Of videos that are not there and whose duration the export does not tell."""
    video_size: tuple[Count, Count] | None = None
    """Width, height in pixels of videos that are not there; null: 100 x 100, places being in per cent."""


class IssiaDataConfig(FilesDataConfig):
    """ISSIA-CNR's ViPER ground truth."""

    format: Literal["issia"] = "issia"


HeightM = Annotated[float, Ge(6), Le(90)]
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


class SyntheticDataConfig(DataConfig):
    """The embedded league."""

    format: Literal["synthetic"] = "synthetic"
    matches: Count = 64
    """All of them; validation and test take theirs out of these."""
    val_matches: Natural = 8
    test_matches: Natural = 12
    clips_per_match: Count = 4
    frames_per_clip: Count = 5
    ball_px: Annotated[float, Ge(3), Le(30)] = 14.0
    """Median diameter of the ball, in pixels of a picture 640 wide: how tight the shots are."""
    frame_rate_hz: Positive = 25.0
    stride: Count = 5
    """Step between stored frames, in frames of the clip's time base."""
    league_seed: Natural = 0
    scenario_share: Fraction = 0.0
    """Share of clips that are scripted: one touch each, seen from near, with ground-truth facts."""
    scenarios: tuple[ScenarioName, ...] = ()
    """Which ones; empty: all that training may see."""
    handball_prior: Fraction | None = None
    """Share of the scripted clips that show an offence by today's Law; null: as the scenarios fall."""
    unseen_share: Fraction = 0.0
    """Share of the scripted clips that show what no training league contains."""
    scenario_frames: Annotated[int, Ge(4), Le(100)] = 20
    """Frames of a scripted clip; their step is 1."""
    scenario_ball_px: Annotated[float, Ge(3), Le(40)] = 20.0
    """As `ball_px`, for scripted clips."""
    occlusion: Fraction = 0.0
    """Share of clips in which somebody is put between the camera and the ball."""
    camera_height_m: tuple[HeightM, HeightM] | None = None
    """Lowest and highest main camera; null: 10 to 35 m."""
    slow_motion: Annotated[float, Ge(1), Le(10)] = 1.0
    """How many times slower than life the league is shown."""
    missing_balls: Fraction = 0.0
    """Share of ball labels that are left out. Noise is in the labels alone; 0 gives the truth."""
    box_jitter: Annotated[float, Ge(0), Le(0.5)] = 0.0
    """Standard deviation by which labelled boxes are misplaced, as a share of their size."""
    swapped_wrists: Fraction = 0.0
    """Share of persons whose wrists are labelled the wrong way round."""
    shift: ShiftName | None = None
    """A shift suite: the same league under other conditions, with exact labels."""
    shift_intensity: Annotated[int, Ge(0), Le(3)] = 0
    """0 (none) to 3."""

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Some match must remain to train on, and knobs that lean on others must find them."""
        yield from super().complaints()
        if self.camera_height_m is not None and self.camera_height_m[0] > self.camera_height_m[1]:
            yield "camera_height_m", f"must be lowest, highest, but is {list(self.camera_height_m)}"
        if self.shift_intensity > 0 and self.shift is None:
            yield "shift", f"must name a suite, because data.shift_intensity is {self.shift_intensity}"
        if self.shift in ("prior", "unseen_scenario", "law_change") and self.scenario_share == 0:
            yield (
                "scenario_share",
                f"must be above 0 for data.shift={self.shift}, which changes scripted clips",
            )
        held_out = self.val_matches + self.test_matches
        if held_out >= self.matches:
            yield (
                "matches",
                f"must be more than val_matches + test_matches = {held_out}, but is {self.matches}",
            )


class StoreDataConfig(DataConfig):
    """A dataset version that `raasid collect`, `raasid relabel` or `raasid data import` has stored."""

    format: Literal["store"] = "store"
    dataset: str
    """NAME for the newest version of that name, NAME@DIGEST or DIGEST for a certain one; a prefix will do."""
    root: Path = Path("store")
    """The store; `paths.store` unless set otherwise."""
    league: LeagueConfig | None = None


Data = Annotated[
    Annotated[SyntheticDataConfig, Tag("<synthetic>")]
    | Annotated[StoreDataConfig, Tag("<store>")]
    | Annotated[YoloDataConfig, Tag("<yolo>")]
    | Annotated[BallActionDataConfig, Tag("<ball_action>")]
    | Annotated[DflDataConfig, Tag("<dfl>")]
    | Annotated[MvfoulDataConfig, Tag("<mvfoul>")]
    | Annotated[OriginDataConfig, Tag("<origin>")]
    | Annotated[RoboflowCsvDataConfig, Tag("<roboflow_csv>")]
    | Annotated[TracknetDataConfig, Tag("<tracknet>")]
    | Annotated[CocoDataConfig, Tag("<coco>")]
    | Annotated[SoccernetTrackingDataConfig, Tag("<soccernet_tracking>")]
    | Annotated[GsrDataConfig, Tag("<gsr>")]
    | Annotated[CvatDataConfig, Tag("<cvat>")]
    | Annotated[LabelstudioDataConfig, Tag("<labelstudio>")]
    | Annotated[IssiaDataConfig, Tag("<issia>")],
    Discriminator(TagBy("format").of),
]


class _Recorded(Section):
    data: Data


def data_section(recorded: Mapping[str, Any]) -> Data:
    """Return what a checkpoint recorded about its footage; raises `ConfigProblems` if it does not fit."""
    return parse_recorded(_Recorded, {"data": recorded}).data
