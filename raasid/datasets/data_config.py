"""Config group `data`: the settings that all footage shares, and the sections nested in it.

The code works with these sections as they are. Defaults of the league and of real footage are those of
conf/data/synthetic.yaml and conf/data/_files.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le

from raasid.config.section import Count, Edge, Folder, Fraction, Natural, NonNegative, Section, Size
from raasid.datasets.context.tracks_config import TracksConfig
from raasid.synthetic.league import League

Scale = Annotated[float, Gt(0), Le(4)]
BallDiameter = Annotated[float, Ge(3), Le(30)]


class AugmentConfig(Section):
    """How training images are varied; 0 turns a variation off."""

    flip: Fraction = 0.5
    """Probability of mirroring left and right."""
    zoom: NonNegative = 0.4
    """Crops are scaled by exp(u), u uniform within plus or minus this."""
    brightness: NonNegative = 0.4
    """Gain is exp(u), u uniform within plus or minus this."""
    contrast: NonNegative = 0.3
    """Contrast about mid-grey is scaled by 1 plus or minus this."""
    color: NonNegative = 0.15
    """Each channel is scaled by 1 plus or minus this, saturation by 1 plus or minus three times this."""
    blur: Fraction = 0.2
    """Probability of a slight Gaussian blur."""
    noise: NonNegative = 8.0
    """Largest standard deviation of sensor noise in grey levels; a third of the samples get some."""
    spots: Fraction = 0.0
    """Probability that flat white dots, like penalty spots, are painted on the grass."""
    mosaic: Fraction = 0.0
    """Probability that four samples are joined into one (Bochkovskiy et al. 2020)."""


class PeopleConfig(Section):
    """Training samples of pose models; other models do not use it."""

    window: Size | None = None
    """Width, height of the part of a frame in which people are searched; null: the whole frame's size."""
    window_scale: tuple[Scale, Scale] = (0.8, 1.25)
    """Smallest and largest scale of a window: its pixels per pixel of the frame, uniform in the logarithm."""
    crops: Count = 6
    """Crops of single persons per frame, for models that read joints from crops."""
    jitter: Annotated[float, Ge(0), Le(0.3)] = 0.08
    """Standard deviation by which a crop's centre and shape are disturbed, as a share of the person's box."""
    zoom: Annotated[float, Ge(0), Le(1)] = 0.2
    """Crops are scaled by exp(u), u uniform within plus or minus this."""
    rotate: Annotated[float, Ge(0), Le(90)] = 20.0
    """Largest rotation of a crop, in degrees."""
    occlude: Fraction = 0.3
    """Probability that something covers a part of a crop."""
    truncate: Fraction = 0.0
    """Probability that a crop shows a part of the person only, as at the edge of an image."""
    downscale: Fraction = 0.3
    """Probability that a crop is as coarse as if its person were smaller, down to a quarter of the size."""
    use_unreviewed: bool = True
    """Whether to train on people whom a model has annotated and no person has confirmed."""

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """The range of scales must rise."""
        if self.window_scale[0] > self.window_scale[1]:
            yield "window_scale", f"must be lowest, highest, but is {list(self.window_scale)}"


class DataConfig(Section):
    """Settings of all footage."""

    size: Size | None = None
    """Width, height in pixels of the frames that training crops are cut from; null (evaluation only): as the
    checkpoint was trained."""
    batch_size: Count = 32
    """Training samples per step, over all devices together."""
    eval_batch_size: Count = 4
    eval_scale: Scale | None = 1.0
    """Evaluation frames are this much larger than `size`: crops that were zoomed show most things larger than
    whole frames do, and a network expects the scale it was trained on (Touvron et al. 2019). Null
    (evaluation only): as the checkpoint was trained."""
    crop: Edge | None = 192
    """Edge of a training crop in pixels; null: whole frames."""
    ball_crops: Fraction = 0.5
    """Share of the crops other than hard negatives that contain the ball of their frame."""
    hard_negatives: Fraction = 0.35
    """Share of the crops around positions that the model took for a ball, once some are known."""
    samples_per_epoch: Count | None = None
    """null: every training frame once."""
    num_workers: Natural = 0
    cache_gib: NonNegative = 2.0
    """Disk space for decoded frames; 0: decode every time."""
    holdout: Annotated[float, Ge(0), Le(0.5)] = 0.1
    """Share of the training matches that selects the model when the data has no third split."""
    augment: AugmentConfig = AugmentConfig()
    max_false_positives: NonNegative | None = None
    """False balls per image that `experiment=ball` allows the automatic threshold in such footage: a false
    ball in one frame is corrected by its neighbours, a missed ball is lost."""
    people: PeopleConfig = PeopleConfig()
    tracks: TracksConfig = TracksConfig()

    def cross_field_errors(self) -> Iterator[tuple[str, str]]:
        """A crop must fit into the frame."""
        if self.size is not None and self.crop is not None and self.crop > min(self.size):
            yield "crop", f"must fit into data.size, {self.size[0]} x {self.size[1]}, but is {self.crop}"


class LeagueConfig(Section):
    """Rendered football to train on in addition to real frames; it is never evaluated on."""

    share: Fraction = 0.3
    """Share of the training crops."""
    matches: Count = 96
    clips_per_match: Count = 4
    frames_per_clip: Count = 2
    stride: Count = 25
    ball_px: BallDiameter = 4.3
    """Median diameter of the ball, in pixels of an image 640 wide: as tight as the footage's shots."""

    def to_league(self, size: tuple[int, int]) -> League:
        """Return the league to render; size: width, height in pixels."""
        return League(**self.model_dump(exclude={"share"}), size=size)


class RealDataConfig(DataConfig):
    """Footage that was filmed; the defaults suit frames of a scouting camera with a ball of few pixels."""

    size: Size | None = (960, 544)
    eval_scale: Scale | None = 1.125
    ball_crops: Fraction = 0.83
    hard_negatives: Fraction = 0.28
    samples_per_epoch: Count | None = 3200
    holdout: Annotated[float, Ge(0), Le(0.5)] = 0.05
    augment: AugmentConfig = AugmentConfig(zoom=0.5, spots=0.5)
    max_false_positives: NonNegative | None = 0.3
    league: LeagueConfig | None = LeagueConfig()
    """null: train on the footage alone."""


class FilesDataConfig(RealDataConfig):
    """Footage in a folder of the user; a format's section adds the options of its reader."""

    format: str
    root: Folder

    def reader_options(self) -> dict[str, Any]:
        """Return the keyword arguments of the format's reader: the fields that its section adds."""
        added = type(self).model_fields.keys() - FilesDataConfig.model_fields.keys()
        return {name: getattr(self, name) for name in added}
