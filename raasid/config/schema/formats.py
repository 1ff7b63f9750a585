"""Group `data`, annotation formats that users have: a section for each reader."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le

from raasid.config.schema.footage import FilesDataConfig
from raasid.config.schema.types import Count, Positive


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
