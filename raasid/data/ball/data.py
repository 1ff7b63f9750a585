"""The datamodule of the ball model: footage in, batches out, no match in two splits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from raasid.data.ball.collate import collate
from raasid.data.ball.cropper import Cropper
from raasid.data.ball.frames import BallFrames
from raasid.data.ball.league_beside import drawn_alike
from raasid.data.footage import Footage
from raasid.data.frame_cache import FrameCache, Source, VideoFrame
from raasid.data.loading import Loading
from raasid.data.present import with_pixels
from raasid.data.records import Clip
from raasid.data.sampler import KeyedBatchSampler, LookAlike
from raasid.data.splits import split_by_match
from raasid.data.task_data import Loader, TaskData
from raasid.errors import UsageError


class BallData(TaskData):
    """Batches of one data root.

    footage: opens the root; called once per process, on rank 0 first, which also fills the caches.
    cache: folder for decoded frames. league: opens clips to train on beside the footage's own.
    """

    def __init__(
        self,
        footage: Callable[[], Footage],
        loading: Loading,
        cache: Path,
        seed: int,
        league: Callable[[], Sequence[Clip]] | None = None,
    ) -> None:
        super().__init__()
        self._open, self.loading, self._cache, self.seed = footage, loading, cache, seed
        self._open_league = league
        self.look_alikes: list[LookAlike] = []
        """Places that fooled the model; a callback adds to them between epochs."""
        self._seen = 0
        self._datasets: dict[str, BallFrames] = {}

    def prepare_data(self) -> None:
        """Read the root and decode its frames, so that other ranks find both done."""
        self.setup("fit")
        self.setup("test")

    def setup(self, stage: str) -> None:
        """Read and split; decode what `stage` needs. Repeated calls cost nothing."""
        if self.splits is None:
            self.footage = with_pixels(self._open())
            self.splits = split_by_match(
                self.footage.clips, self.footage.splits, self.loading.holdout, self.seed
            )
        if stage == "fit" and self._open_league is not None and not self.league:
            self.league = drawn_alike(self._open_league(), self.splits.train)
        names = ("train", "val") if stage == "fit" else (stage if stage in {"train", "val"} else "test",)
        for name in names:
            if name not in self._datasets:
                beside = self.league if name == "train" else []
                self._datasets[name] = self._dataset(name, [*getattr(self.splits, name), *beside])

    def _dataset(self, name: str, clips: Sequence[Clip]) -> BallFrames:
        loading = self.loading
        sources: list[Source] = [
            VideoFrame(frame.image, frame.index) if frame.in_video else frame.image
            for clip in clips
            for frame in clip.frames
        ]
        cropper = None
        size = tuple(round(edge * loading.eval_scale) for edge in loading.size)
        if name == "train":
            size = loading.size
            cropper = Cropper(loading.crop, loading.augment, loading.at_ball)
        cache = FrameCache(sources, (size[0], size[1]), self._cache, loading.cache_gib)
        return BallFrames(clips, cache, loading.frames, cropper, self.seed)

    def train_dataloader(self) -> Loader:
        """Random crops in an order that depends on seed and epoch; from where a resumed run stood."""
        data = self._datasets["train"]
        if not self.own_frames:
            raise UsageError("data: the training split is empty; lower data.holdout or add footage")
        assert self.splits is not None
        if not any(frame.balls for clip in self.splits.train for frame in clip.frames):
            raise UsageError(
                "data: no frame of the training split has a ball, so there is nothing to learn; "
                "annotate some, or choose footage with balls"
            )
        sampler = self._sampler(data)
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

    def test_dataloader(self) -> Loader:
        """Whole frames of the held-out split."""
        return self.held_out("test")

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

    def _sampler(self, data: BallFrames) -> KeyedBatchSampler:
        rank, world = self.rank_and_world
        batch = self.loading.batch_size
        if batch % world:
            raise UsageError(
                f"data.batch_size must be a multiple of the number of processes ({world}), but is {batch}"
            )
        samples = self.loading.samples_per_epoch or self.own_frames
        per_epoch = max(1, samples // batch)
        epoch, skip = self._position(per_epoch)
        share = self.loading.look_alikes if self.loading.crop is not None else 0.0
        return KeyedBatchSampler(
            self.own_frames,
            samples,
            batch,
            self.seed,
            rank,
            world,
            epoch,
            skip,
            self.look_alikes,
            share,
            len(data) - self.own_frames,
            self.loading.league_share,
        )

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run cannot find out again."""
        seen = self.trainer.fit_loop.epoch_loop.batch_progress.total.ready if self.trainer else self._seen
        places = [(place.index, place.x, place.y) for place in self.look_alikes]
        return {"look_alikes": places, "batches_seen": seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back; the list stays the same object, because a sampler may hold it.

        The position is ours to keep: Lightning asks for the loader, and may start its workers, before it
        restores its own counters.
        """
        self._seen = int(state_dict["batches_seen"])
        self.look_alikes[:] = [LookAlike(int(i), float(x), float(y)) for i, x, y in state_dict["look_alikes"]]

    @property
    def training_frames(self) -> BallFrames:
        """What crops are cut from, the footage's own frames first; an int key gives a whole frame."""
        return self._datasets["train"]

    @property
    def own_frames(self) -> int:
        """How many of the training frames are the footage's own."""
        return len(self.training_frames) - sum(len(clip.frames) for clip in self.league)

    def _position(self, batches_per_epoch: int) -> tuple[int, int]:
        """Epoch and batch that come next: 0, 0 unless the run was resumed."""
        limit = self.trainer.limit_train_batches if self.trainer is not None else None
        if isinstance(limit, int):
            batches_per_epoch = min(batches_per_epoch, limit)
        elif limit is not None:
            batches_per_epoch = int(batches_per_epoch * limit)
        return divmod(self._seen, max(1, batches_per_epoch))
