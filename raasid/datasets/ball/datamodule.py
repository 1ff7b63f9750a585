"""The datamodule of ball models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from raasid.datasets.ball.augmentation import BallCropper
from raasid.datasets.ball.dataset import BallDataset, collate
from raasid.datasets.data_config import DataConfig
from raasid.datasets.datamodule import Loader
from raasid.datasets.factory import auxiliary_league, open_footage
from raasid.datasets.frame_cache import FrameCache
from raasid.datasets.frame_datamodule import FrameDataModule
from raasid.datasets.sampler import HardNegative
from raasid.errors import UsageError
from raasid.footage.records import Ball, Clip, Footage, Frame


def build_ball_datamodule(config: DataConfig, paths: Any, seed: int, frames: int) -> BallDataModule:
    """Make the datamodule of a `data` section; nothing is read yet.

    paths: the `paths` section. frames: number of frames that the model sees at a time.
    """
    folder = Path(paths.data)
    footage = partial(open_footage, config, folder, paths.scratch)
    league = auxiliary_league(config, folder)
    module = BallDataModule(footage, config, folder / "frames", seed, league, frames)
    module.scratch = paths.scratch
    return module


class BallDataModule(FrameDataModule):
    """Random crops to train on, whole frames to evaluate on.

    frames: number of frames that the model sees at a time. The others: as `FrameDataModule`.
    """

    collate = staticmethod(collate)

    def __init__(
        self,
        footage: Callable[[], Footage],
        config: DataConfig,
        cache: Path,
        seed: int,
        league: Callable[[], Sequence[Clip]] | None = None,
        frames: int = 1,
    ) -> None:
        super().__init__(footage, config, cache, seed, league)
        self.frames = frames
        self.hard_negatives: list[HardNegative] = []
        """Positions that the model took for a ball; a callback adds to them between epochs."""

    def dataset(self, name: str, clips: Sequence[Clip], cache: FrameCache) -> BallDataset:
        """Make the dataset of a split: crops of `train`, whole frames of the others."""
        config, cropper = self.config, None
        if name == "train":
            cropper = BallCropper(config.crop, config.augment, config.ball_crops)
        return BallDataset(clips, cache, self.frames, cropper, self.seed)

    def prepare_auxiliary_clips(self, league: Sequence[Clip]) -> list[Clip]:
        """Return the league with boxes drawn as the footage's are."""
        assert self.splits is not None
        return match_box_convention(league, self.splits.train)

    def train_dataloader(self) -> Loader:
        """Random crops in an order that depends on seed and epoch; a resumed run continues it."""
        assert self.splits is not None
        frames = [frame for clip in self.splits.train for frame in clip.frames]
        if frames and not any(frame.balls for frame in frames):
            raise UsageError(
                "data: no frame of the training split has a ball, so there is nothing to learn; "
                "annotate some, or choose footage with balls"
            )
        share = self.config.hard_negatives if self.config.crop is not None else 0.0
        return self._train_loader(self.hard_negatives, share)

    def eval_dataloader(self, split: str) -> Loader:
        """Every whole frame of a split once, without augmentation. Raises UsageError where it is empty."""
        self.setup(split)
        data = self._datasets[split]
        if not len(data):
            raise UsageError(f"data: the {split} split is empty; there is nothing to evaluate")
        return self._eval_loader(BallDataset(getattr(self.splits, split), data.cache, self.frames))

    def _eval_loader(self, data: BallDataset) -> Loader:
        rank, world_size = self.rank_and_world
        sampler = range(rank, len(data), world_size)
        return self._loader(data, batch_size=self.config.eval_batch_size, sampler=sampler)

    def state_dict(self) -> dict[str, Any]:
        """Return the hard negatives and the position of the run."""
        negatives = [(negative.index, negative.x, negative.y) for negative in self.hard_negatives]
        return {"hard_negatives": negatives, **super().state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore both; the list stays the same object, because a sampler may hold it."""
        super().load_state_dict(state_dict)
        self.hard_negatives[:] = [
            HardNegative(int(i), float(x), float(y)) for i, x, y in state_dict["hard_negatives"]
        ]

    @property
    def train_dataset(self) -> BallDataset:
        """The frames that crops are cut from, the footage's own first; an int key gives a whole frame."""
        data: BallDataset = self._datasets["train"]
        return data


def match_box_convention(league: Sequence[Clip], footage: Iterable[Clip]) -> list[Clip]:
    """Return the league's clips with boxes as large, relative to the image width, as those of the footage.

    Some annotators draw a box tightly around the ball, others twice as wide; a network that must learn both
    conventions from two kinds of images learns neither. Assumes shots of the same tightness in both, as
    `data.league.ball_px` sets it.
    """
    wanted, drawn = _median_edge(footage), _median_edge(league)
    if wanted is None or drawn is None:
        return list(league)
    factor = wanted / drawn
    return [
        replace(clip, frames=tuple(_scale_balls(frame, factor) for frame in clip.frames)) for clip in league
    ]


def _median_edge(clips: Iterable[Clip]) -> float | None:
    """Return the median longer edge of the visible balls' boxes, as a share of the image width."""
    edges = [max(b.w, b.h) / frame.width for clip in clips for frame in clip.frames if (b := frame.ball)]
    return median(edges) if edges else None


def _scale_balls(frame: Frame, factor: float) -> Frame:
    return replace(frame, balls=tuple(_scale_ball(ball, factor) for ball in frame.balls))


def _scale_ball(ball: Ball, factor: float) -> Ball:
    return replace(ball, w=ball.w * factor, h=ball.h * factor)
