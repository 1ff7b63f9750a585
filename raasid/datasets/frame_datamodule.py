"""The base of datamodules whose models see single frames: reading, splitting, caching, resuming."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from torch.utils.data import DataLoader

from raasid.datasets.data_config import DataConfig, RealDataConfig
from raasid.datasets.datamodule import EpochPosition, Loader, TaskDataModule, leave_signals_to_parent
from raasid.datasets.frame_cache import FrameCache, Source, VideoFrame
from raasid.datasets.sampler import HardNegative, KeyedBatchSampler
from raasid.errors import UsageError
from raasid.footage.frame_reader import drop_missing_frames
from raasid.footage.records import Clip, Footage
from raasid.footage.scratch import scratch_folder
from raasid.footage.splits import split_by_match


class FrameDataModule(TaskDataModule):
    """Batches of one data root.

    footage: opens the root; called once per process, on rank 0 first, which also fills the caches.
    config: must have a size and an eval_scale. cache: folder for decoded frames.
    league: opens clips to train on in addition to the footage's own.
    """

    scratch: Path | None = None
    """Folder on a local disk, for decoded frames."""
    collate: ClassVar[Any]
    """Static method that makes a batch from samples of a dataset."""

    def __init__(
        self,
        footage: Callable[[], Footage],
        config: DataConfig,
        cache: Path,
        seed: int,
        league: Callable[[], Sequence[Clip]] | None = None,
    ) -> None:
        super().__init__(config, seed)
        self._open_footage, self._open_league, self._cache = footage, league, cache
        self._datasets: dict[str, Any] = {}

    @abstractmethod
    def dataset(self, name: str, clips: Sequence[Clip], cache: FrameCache) -> Any:
        """Make the dataset of a split; only that of `train` augments its samples."""

    def prepare_auxiliary_clips(self, league: Sequence[Clip]) -> list[Clip]:
        """Return the league's clips as they are trained on; called after `splits` is set."""
        return list(league)

    def prepare_data(self) -> None:
        """Read the root and decode its frames, so that other ranks find both done."""
        self.setup("fit")
        self.setup("test")

    def setup(self, stage: str) -> None:
        """Read and split the footage and decode the frames that `stage` needs; repeated calls are free."""
        if self.splits is None:
            self.footage = drop_missing_frames(self._open_footage())
            self.splits = split_by_match(
                self.footage.clips, self.footage.splits, self.config.holdout, self.seed
            )
        if stage == "fit" and self._open_league is not None and not self.league:
            self.league = self.prepare_auxiliary_clips(self._open_league())
        names = ("train", "val") if stage == "fit" else (stage if stage in {"train", "val"} else "test",)
        for name in names:
            if name not in self._datasets:
                auxiliary = self.league if name == "train" else []
                clips = [*getattr(self.splits, name), *auxiliary]
                self._datasets[name] = self.dataset(name, clips, self._open_cache(name, clips))

    def _open_cache(self, name: str, clips: Sequence[Clip]) -> FrameCache:
        sources: list[Source] = [
            VideoFrame(frame.image, frame.index) if frame.in_video else frame.image
            for clip in clips
            for frame in clip.frames
        ]
        size, scale = self.config.size, self.config.eval_scale
        assert size is not None
        if name != "train":
            assert scale is not None
            size = round(size[0] * scale), round(size[1] * scale)
        self.digest_media(clips, self._cache)
        local = None if self.scratch is None else scratch_folder(self.scratch)
        folder, fallback = (self._cache, None) if local is None else (local / "frames", self._cache)
        return FrameCache(sources, size, folder, self.config.cache_gib, self.media, fallback)

    def _train_loader(
        self, hard_negatives: Sequence[HardNegative] = (), hard_negative_share: float = 0.0
    ) -> Loader:
        """Keyed random samples; a resumed run continues at its position in the epoch."""
        data = self._datasets["train"]
        num_samples, batch_size, epoch, skip = self.epoch_position(self.num_real_frames)
        rank, world_size = self.rank_and_world
        sampler = KeyedBatchSampler(
            self.num_real_frames,
            num_samples,
            batch_size,
            self.seed,
            rank,
            world_size,
            epoch,
            skip,
            hard_negatives,
            hard_negative_share,
            len(data) - self.num_real_frames,
            self.league_share,
        )
        return self._loader(data, batch_sampler=sampler, persistent_workers=self.config.num_workers > 0)

    def val_dataloader(self) -> Loader | list[Loader]:
        """Whole frames of the selection split; no loader if it is empty."""
        return self._eval_loader(self._datasets["val"]) if len(self._datasets["val"]) else []

    @abstractmethod
    def _eval_loader(self, data: Any) -> Loader:
        """Whole frames of a dataset, every rank its share."""

    def _loader(self, data: Any, **options: Any) -> Loader:
        workers, collate = self.config.num_workers, type(self).collate
        return DataLoader(
            data,
            collate_fn=collate,
            num_workers=workers,
            worker_init_fn=leave_signals_to_parent,
            pin_memory=self.on_gpu,
            **options,
        )

    def test_dataloader(self) -> Loader:
        """Whole frames of the held-out split."""
        return self.eval_dataloader("test")

    @property
    def num_real_frames(self) -> int:
        """Number of training frames from the footage itself; they come before the league's."""
        return len(self._datasets["train"]) - sum(len(clip.frames) for clip in self.league)

    @property
    def league_share(self) -> float:
        """Share of the training samples that come from the auxiliary league, where there is one."""
        league = self.config.league if isinstance(self.config, RealDataConfig) else None
        return 0.0 if league is None else league.share

    def epoch_position(self, num_items: int) -> EpochPosition:
        """As in the base class. Raises UsageError if there is nothing to train on, too."""
        if not num_items:
            raise UsageError("data: the training split is empty; lower data.holdout or add footage")
        return super().epoch_position(num_items)
