"""The datamodule of the ball model: footage in, batches out, no match in two splits.

From the `data` group to the ball model's datamodule.

The embedded league beside few real frames: other stadiums, kits and balls at other feet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from torch.utils.data import DataLoader

from raasid.datasets.ball.augmentation import Cropper
from raasid.datasets.ball.dataset import BallFrames, collate
from raasid.datasets.datamodule import Loader
from raasid.datasets.factory import frame_source, open_footage
from raasid.datasets.frame_cache import FrameCache
from raasid.datasets.frame_datamodule import FrameData
from raasid.datasets.loader_config import Loading
from raasid.datasets.sampler import KeyedBatchSampler, LookAlike
from raasid.errors import UsageError
from raasid.footage.records import Ball, Clip, Footage, Frame


def drawn_alike(league: Sequence[Clip], footage: Iterable[Clip]) -> list[Clip]:
    """Return the league's clips with boxes as large, in pictures of one width, as those of the footage.

    Some draw a box round the ball, others one twice as wide; a net that must learn both from two kinds of
    pictures learns neither. Supposes shots that are as tight in both, as `data.league.ball_px` sets them.
    """
    wanted, drawn = _usual_edge(footage), _usual_edge(league)
    if wanted is None or drawn is None:
        return list(league)
    return [
        replace(clip, frames=tuple(_drawn(frame, wanted / drawn) for frame in clip.frames)) for clip in league
    ]


def _usual_edge(clips: Iterable[Clip]) -> float | None:
    """Median longer edge of the visible balls' boxes, as a share of the picture's width."""
    edges = [max(b.w, b.h) / frame.width for clip in clips for frame in clip.frames if (b := frame.ball)]
    return median(edges) if edges else None


def _drawn(frame: Frame, factor: float) -> Frame:
    return replace(frame, balls=tuple(_scaled(ball, factor) for ball in frame.balls))


def _scaled(ball: Ball, factor: float) -> Ball:
    return replace(ball, w=ball.w * factor, h=ball.h * factor)


class BallData(FrameData):
    """Batches of one data root; its arguments are those of `FrameData`."""

    def __init__(
        self,
        footage: Callable[[], Footage],
        loading: Loading,
        cache: Path,
        seed: int,
        league: Callable[[], Sequence[Clip]] | None = None,
    ) -> None:
        super().__init__(footage, loading, cache, seed, league)
        self.look_alikes: list[LookAlike] = []
        """Places that fooled the model; a callback adds to them between epochs."""

    def dataset(self, name: str, clips: Sequence[Clip], cache: FrameCache) -> BallFrames:
        """Crops to train on, whole frames to measure on."""
        loading, cropper = self.loading, None
        if name == "train":
            cropper = Cropper(loading.crop, loading.augment, loading.at_ball)
        return BallFrames(clips, cache, loading.frames, cropper, self.seed)

    def beside(self, league: Sequence[Clip]) -> list[Clip]:
        """The league, its boxes drawn as the footage's are."""
        assert self.splits is not None
        return drawn_alike(league, self.splits.train)

    def train_dataloader(self) -> Loader:
        """Random crops in an order that depends on seed and epoch; from where a resumed run stood."""
        samples, epoch, skip, batch = self.schedule()
        assert self.splits is not None
        if not any(frame.balls for clip in self.splits.train for frame in clip.frames):
            raise UsageError(
                "data: no frame of the training split has a ball, so there is nothing to learn; "
                "annotate some, or choose footage with balls"
            )
        data, (rank, world) = self.training_frames, self.rank_and_world
        sampler = KeyedBatchSampler(
            self.own_frames,
            samples,
            batch,
            self.seed,
            rank,
            world,
            epoch,
            skip,
            self.look_alikes,
            self.loading.look_alikes if self.loading.crop is not None else 0.0,
            len(data) - self.own_frames,
            self.loading.league_share,
        )
        return DataLoader(
            data,
            batch_sampler=sampler,
            collate_fn=collate,
            num_workers=self.loading.num_workers,
            persistent_workers=self.loading.num_workers > 0,
            pin_memory=self.on_gpu,
        )

    def val_dataloader(self) -> Loader | list[Loader]:
        """Whole frames of the selection split; none if it is empty."""
        return self._whole(self._datasets["val"]) if len(self._datasets["val"]) else []

    def held_out(self, split: str) -> Loader:
        """Every frame of a split once, uncropped and unvaried, as evaluation sees it."""
        self.setup(split)
        data = self._datasets[split]
        if not len(data):
            raise UsageError(f"data: the {split} split is empty; there is nothing to evaluate")
        return self._whole(BallFrames(getattr(self.splits, split), data.cache, self.loading.frames))

    def _whole(self, data: BallFrames) -> Loader:
        rank, world = self.rank_and_world
        return DataLoader(
            data,
            batch_size=self.loading.eval_batch_size,
            sampler=range(rank, len(data), world),
            collate_fn=collate,
            num_workers=self.loading.num_workers,
            pin_memory=self.on_gpu,
        )

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run cannot find out again."""
        places = [(place.index, place.x, place.y) for place in self.look_alikes]
        return {"look_alikes": places, **super().state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back; the list stays the same object, because a sampler may hold it."""
        super().load_state_dict(state_dict)
        self.look_alikes[:] = [LookAlike(int(i), float(x), float(y)) for i, x, y in state_dict["look_alikes"]]

    @property
    def training_frames(self) -> BallFrames:
        """What crops are cut from, the footage's own frames first; an int key gives a whole frame."""
        data: BallFrames = self._datasets["train"]
        return data


def ball_data(section: Any, paths: Any, seed: int, frames: int) -> BallData:
    """Make the datamodule that the `data` section describes; nothing is read yet.

    section: one of the data sections. paths: the paths section. frames: what the model sees at a time.
    """
    folder = Path(paths.data)
    loading, league = frame_source(section, folder, frames)
    return BallData(partial(open_footage, section, folder), loading, folder / "frames", seed, league)
