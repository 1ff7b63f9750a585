"""What every `data` section has in common: how footage is dealt out, and where files lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from annotated_types import Ge, Gt, Le

from raasid.config.schema.people import PeopleConfig
from raasid.config.schema.section import Section
from raasid.config.schema.tracks import TracksConfig
from raasid.config.schema.types import Count, Edge, Folder, Fraction, Natural, Size, Strength


class AugmentConfig(Section):
    """How training pictures are varied; 0 switches one off."""

    flip: Fraction = 0.5
    """Probability of a mirror image."""
    zoom: Strength = 0.4
    """Crops are scaled by exp(u), u uniform within plus or minus this."""
    brightness: Strength = 0.4
    """Gain is exp(u), u uniform within plus or minus this."""
    contrast: Strength = 0.3
    color: Strength = 0.15
    """Each channel by 1 plus or minus this, saturation by three times as much."""
    blur: Fraction = 0.2
    """Probability of a slight blur."""
    noise: Strength = 8.0
    """Largest standard deviation of sensor noise, in grey levels."""
    spots: Fraction = 0.0
    """Probability that flat white dots are painted in, as penalty spots look."""
    mosaic: Fraction = 0.0
    """Probability that four samples are joined into one."""


class DataConfig(Section):
    """What all footage has in common."""

    size: Size | None = None
    """Width, height in pixels of what the net sees; null (evaluation only): as the checkpoint was trained."""
    batch_size: Count = 32
    """Over all devices together."""
    eval_batch_size: Count = 4
    eval_scale: Annotated[float, Gt(0), Le(4)] | None = 1.0
    """Whole frames are looked at this much larger than training sees them; null (evaluation): as the run."""
    crop: Edge | None = 192
    """Edge of a training crop in pixels; null: whole frames."""
    at_ball: Fraction = 0.5
    """Share of those crops that go to no look-alike; they are cut round the ball of their frame."""
    look_alikes: Fraction = 0.35
    """Share of the crops that are cut round places that fooled the model so far."""
    samples_per_epoch: Count | None = None
    """null: every training frame once."""
    num_workers: Natural = 0
    cache_gib: Strength = 2.0
    """Disk for decoded frames; 0: decode every time."""
    holdout: Annotated[float, Ge(0), Le(0.5)] = 0.1
    """Part of the training matches that selects the model when the data has no third split."""
    augment: AugmentConfig = AugmentConfig()
    max_false_positives: Strength | None = None
    """Wrong balls per image that `experiment=ball` lets the automatic threshold leave in such footage: one in
    a frame is mended by its neighbours, a missed ball is lost."""
    people: PeopleConfig = PeopleConfig()
    tracks: TracksConfig = TracksConfig()

    def complaints(self) -> Iterator[tuple[str, str]]:
        """A crop must fit into the frame."""
        if self.size is not None and self.crop is not None and self.crop > min(self.size):
            yield "crop", f"must fit into data.size, {self.size[0]} x {self.size[1]}, but is {self.crop}"


class LeagueConfig(Section):
    """Rendered football to train on beside few real frames; it is never evaluated on."""

    share: Fraction = 0.3
    """Of the training crops."""
    matches: Count = 96
    clips_per_match: Count = 4
    frames_per_clip: Count = 2
    stride: Count = 25
    ball_px: Annotated[float, Ge(3), Le(30)] = 4.3
    """Median diameter of the ball, in pixels of a picture 640 wide: as tight as the footage's shots."""


class FilesDataConfig(DataConfig):
    """Footage that lies in a folder of the user's."""

    root: Folder
    league: LeagueConfig | None = None
