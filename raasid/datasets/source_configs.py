"""Config group `data`: one section per annotation format, the synthetic league and the dataset store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from raasid.config.section import Count, Edge, Natural, Positive, Section, Size, TaggedBy
from raasid.config.validation import parse_recorded
from raasid.datasets.data_config import AugmentConfig, DataConfig, FilesDataConfig, RealDataConfig
from raasid.synthetic.league import LeagueSettings


class YoloDataConfig(FilesDataConfig):
    """A folder in YOLO format."""

    format: Literal["yolo"] = "yolo"
    ball_class: str | int | None = "ball"
    """Name or number of the ball's class; null: every class is a ball."""


class RoboflowCsvDataConfig(FilesDataConfig):
    """Images with one CSV table of boxes."""

    format: Literal["roboflow_csv"] = "roboflow_csv"
    ball_class: str | None = "ball"
    """Name of the ball's class, or the end of its name; null: the set has no ball."""


class MvfoulDataConfig(FilesDataConfig):
    """SoccerNet-MVFoul."""

    format: Literal["mvfoul"] = "mvfoul"
    group: Literal["match", "action"] = "match"
    """What counts as one match when splits are made; action: as in the published splits."""
    around: Annotated[int, Ge(0), Le(75)] = 0
    """Frames before and after the incident that are read too; the dataset's own baseline takes 12."""


class BallActionDataConfig(FilesDataConfig):
    """SoccerNet ball-action spotting, or SoccerTrack v2's."""

    format: Literal["ball_action"] = "ball_action"
    frame_rate_hz: Positive = 25.0
    """Of games whose video is missing."""


class DflDataConfig(FilesDataConfig):
    """The DFL Bundesliga event table."""

    format: Literal["dfl"] = "dfl"
    frame_rate_hz: Positive = 25.0
    """Of matches whose video is missing."""


class TracknetDataConfig(FilesDataConfig):
    """TrackNet's ball tracks, a CSV per rally."""

    format: Literal["tracknet"] = "tracknet"
    frame_rate_hz: Positive = 30.0
    """Of rallies whose video is missing."""


class OriginDataConfig(FilesDataConfig):
    """The JSON lists of the origin project."""

    format: Literal["origin"] = "origin"
    image_size: tuple[Count, Count] | None = None
    """Width, height in pixels of images that are missing; null: their balls are left out."""


class CocoDataConfig(FilesDataConfig):
    """COCO detection and keypoint files, those of videos, and our own."""

    format: Literal["coco"] = "coco"
    ball_class: str | None = "ball"
    """Name of the ball's category; `ball` stands for its common names; null: the set has no ball."""


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
    """The ball's label; `ball` stands for its common names; null: the set has no ball."""
    frame_rate_hz: Positive = 25.0
    """Of videos that are missing."""


class LabelstudioDataConfig(FilesDataConfig):
    """Label Studio's JSON export."""

    format: Literal["labelstudio"] = "labelstudio"
    ball_class: str | None = "ball"
    """The ball's label; `ball` stands for its common names; null: the set has no ball."""
    frame_rate_hz: Positive = 25.0
    """Of videos that are missing and whose duration the export does not contain."""
    video_size: tuple[Count, Count] | None = None
    """Width, height in pixels of videos that are missing; null: 100 x 100, positions being in per cent."""


class IssiaDataConfig(FilesDataConfig):
    """ISSIA-CNR's ViPER ground truth."""

    format: Literal["issia"] = "issia"


class SyntheticDataConfig(LeagueSettings, DataConfig):
    """The synthetic league: rendered football with exact labels."""

    format: Literal["synthetic"] = "synthetic"
    size: Size | None = (640, 360)
    batch_size: Count = 112
    crop: Edge | None = 96
    samples_per_epoch: Count | None = 6720
    augment: AugmentConfig = AugmentConfig(
        zoom=0.2, brightness=0.15, contrast=0.15, color=0.07, blur=0.1, noise=3.0
    )
    val_matches: Natural = 8
    test_matches: Natural = 12
    league_seed: Natural = 0

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """Some matches must remain to train on."""
        yield from super().cross_field_errors()
        held_out = self.val_matches + self.test_matches
        if held_out >= self.matches:
            yield (
                "matches",
                f"must be more than val_matches + test_matches = {held_out}, but is {self.matches}",
            )


class StoreDataConfig(RealDataConfig):
    """A dataset version that `raasid collect`, `raasid relabel` or `raasid data import` has stored."""

    format: Literal["store"] = "store"
    dataset: str
    """NAME for the newest version of that name, NAME@DIGEST or DIGEST for a certain one; a prefix will do."""
    root: Path = Path("store")
    """The store; `paths.store` unless set otherwise."""


Data = Annotated[
    SyntheticDataConfig
    | StoreDataConfig
    | YoloDataConfig
    | BallActionDataConfig
    | DflDataConfig
    | MvfoulDataConfig
    | OriginDataConfig
    | RoboflowCsvDataConfig
    | TracknetDataConfig
    | CocoDataConfig
    | SoccernetTrackingDataConfig
    | GsrDataConfig
    | CvatDataConfig
    | LabelstudioDataConfig
    | IssiaDataConfig,
    TaggedBy("format"),
]


class _Recorded(Section):
    data: Data


def data_section(recorded: Mapping[str, Any]) -> Data:
    """Parse the `data` section that a checkpoint has recorded; raises `ConfigProblems` if it does not fit."""
    return parse_recorded(_Recorded, {"data": recorded}).data
