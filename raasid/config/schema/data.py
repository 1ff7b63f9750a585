"""Group `data`: which footage, at which size, how it is dealt out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import Discriminator, Tag

from raasid.config.schema.footage import DataConfig, LeagueConfig
from raasid.config.schema.formats import (
    BallActionDataConfig,
    CocoDataConfig,
    CvatDataConfig,
    DflDataConfig,
    GsrDataConfig,
    IssiaDataConfig,
    LabelstudioDataConfig,
    MvfoulDataConfig,
    OriginDataConfig,
    RoboflowCsvDataConfig,
    SoccernetTrackingDataConfig,
    TracknetDataConfig,
    YoloDataConfig,
)
from raasid.config.schema.target import TagBy
from raasid.config.schema.types import Count, Natural, Positive


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

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Some match must remain to train on."""
        yield from super().complaints()
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
