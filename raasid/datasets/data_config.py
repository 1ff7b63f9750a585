"""What every `data` section has in common: how footage is dealt out, and where files lie.

`data.people`: how players are dealt out to a pose model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from annotated_types import Ge, Gt, Le

from raasid.config.section import Count, Edge, Folder, Fraction, Natural, Section, Size, Strength
from raasid.datasets.context.tracks_config import TracksConfig

Scale = Annotated[float, Gt(0), Le(4)]


class PeopleConfig(Section):
    """How players are dealt out to a pose model; other models do not look at it."""

    window: Size | None = None
    """Width, height of the part of a frame in which people are searched; null: as large as frames."""
    window_scale: tuple[Scale, Scale] = (0.8, 1.25)
    """Least and greatest scale of a window: its pixels per pixel of the frame."""
    crops: Count = 6
    """Crops of single persons per frame, for models that read joints from crops."""
    jitter: Annotated[float, Ge(0), Le(0.3)] = 0.08
    """Standard deviation by which a crop is misplaced and misshapen, as a share of the person's box."""
    zoom: Annotated[float, Ge(0), Le(1)] = 0.2
    """Crops are scaled by exp(u), u uniform within plus or minus this."""
    rotate: Annotated[float, Ge(0), Le(90)] = 20.0
    """Greatest turn of a crop, in degrees."""
    hide: Fraction = 0.3
    """Probability that something covers a part of a crop."""
    cut: Fraction = 0.0
    """Probability that a crop shows a part of the person only, as at a picture's edge."""
    coarse: Fraction = 0.3
    """Probability that a crop is as coarse as if its person were smaller."""
    unreviewed: bool = True
    """Whether to learn from people whom a model has marked and nobody has confirmed."""

    def complaints(self) -> Iterator[tuple[str, str]]:
        """A range goes upwards."""
        if self.window_scale[0] > self.window_scale[1]:
            yield "window_scale", f"must be lowest, highest, but is {list(self.window_scale)}"


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
