"""What the datamodules of models that look at single frames share: reading, splitting, caching, resuming."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from raasid.datasets.datamodule import Loader, TaskData
from raasid.datasets.frame_cache import FrameCache, Source, VideoFrame
from raasid.datasets.loader_config import Loading
from raasid.errors import UsageError
from raasid.footage.media import with_pixels
from raasid.footage.records import Clip, Footage
from raasid.footage.splits import split_by_match


class FrameData(TaskData):
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
        self._seen = 0
        self._datasets: dict[str, Any] = {}

    @abstractmethod
    def dataset(self, name: str, clips: Sequence[Clip], cache: FrameCache) -> Any:
        """Make the dataset of a split; that of `train` varies what it gives, the others do not."""

    def beside(self, league: Sequence[Clip]) -> list[Clip]:
        """Clips of the league as they are trained on; after `splits` is set."""
        return list(league)

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
            self.league = self.beside(self._open_league())
        names = ("train", "val") if stage == "fit" else (stage if stage in {"train", "val"} else "test",)
        for name in names:
            if name not in self._datasets:
                beside = self.league if name == "train" else []
                clips = [*getattr(self.splits, name), *beside]
                self._datasets[name] = self.dataset(name, clips, self._cached(name, clips))

    def _cached(self, name: str, clips: Sequence[Clip]) -> FrameCache:
        loading = self.loading
        sources: list[Source] = [
            VideoFrame(frame.image, frame.index) if frame.in_video else frame.image
            for clip in clips
            for frame in clip.frames
        ]
        size = loading.size
        if name != "train":
            size = round(size[0] * loading.eval_scale), round(size[1] * loading.eval_scale)
        return FrameCache(sources, size, self._cache, loading.cache_gib)

    def test_dataloader(self) -> Loader:
        """Whole frames of the held-out split."""
        return self.held_out("test")

    @property
    def own_frames(self) -> int:
        """How many of the training frames are the footage's own; they come before the league's."""
        return len(self._datasets["train"]) - sum(len(clip.frames) for clip in self.league)

    @property
    def batches_seen(self) -> int:
        """How many training batches the run has taken, the one in work included."""
        return self.trainer.fit_loop.epoch_loop.batch_progress.total.ready if self.trainer else self._seen

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run cannot find out again."""
        return {"batches_seen": self.batches_seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back.

        The position is ours to keep: Lightning asks for the loader, and may start its workers, before it
        restores its own counters.
        """
        self._seen = int(state_dict["batches_seen"])

    def schedule(self) -> tuple[int, int, int, int]:
        """Draws per epoch; epoch and batch that come next: 0, 0 unless the run was resumed; batch size.

        Raises UsageError where the batch cannot be dealt out evenly, or there is nothing to train on.
        """
        world, batch = self.rank_and_world[1], self.loading.batch_size
        if not self.own_frames:
            raise UsageError("data: the training split is empty; lower data.holdout or add footage")
        if batch % world:
            raise UsageError(
                f"data.batch_size must be a multiple of the number of processes ({world}), but is {batch}"
            )
        samples = self.loading.samples_per_epoch or self.own_frames
        per_epoch = max(1, samples // batch)
        limit = self.trainer.limit_train_batches if self.trainer is not None else None
        if isinstance(limit, int):
            per_epoch = min(per_epoch, limit)
        elif limit is not None:
            per_epoch = int(per_epoch * limit)
        epoch, skip = divmod(self._seen, max(1, per_epoch))
        return samples, epoch, skip, batch
