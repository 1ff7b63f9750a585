"""The datamodule of the pose models: footage in, batches out, no match in two splits.

From the `data` group to the datamodule of a pose model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

from raasid.datasets.datamodule import Loader
from raasid.datasets.factory import frame_source, open_footage
from raasid.datasets.frame_cache import FrameCache
from raasid.datasets.frame_datamodule import FrameData
from raasid.datasets.loader_config import Loading
from raasid.datasets.pose.batch import Sampling
from raasid.datasets.pose.crops import CropShape
from raasid.datasets.pose.dataset import PoseFrames, collate
from raasid.datasets.sampler import KeyedBatchSampler
from raasid.errors import UsageError
from raasid.footage.records import Clip, Footage


class PoseData(FrameData):
    """Batches of one data root, of pictures with people.

    shape: crops that the model reads joints from; None for models that look at whole pictures.
    The others: as `FrameData`.
    """

    def __init__(
        self,
        footage: Callable[[], Footage],
        loading: Loading,
        sampling: Sampling,
        shape: CropShape | None,
        cache: Path,
        seed: int,
        league: Callable[[], Sequence[Clip]] | None = None,
    ) -> None:
        super().__init__(footage, loading, cache, seed, league)
        self.sampling, self.shape = sampling, shape

    def dataset(self, name: str, clips: Sequence[Clip], cache: FrameCache) -> PoseFrames:
        """Windows and crops to train on, whole frames to measure on."""
        return PoseFrames(clips, cache, self.sampling, self.loading.augment, self.shape, self.seed)

    def train_dataloader(self) -> Loader:
        """Varied samples in an order that depends on seed and epoch; from where a resumed run stood."""
        data: PoseFrames = self._datasets["train"]
        samples, epoch, skip, batch = self.schedule()
        if not any(person.keypoints for ref in data.refs for person in ref.frame.persons):
            raise UsageError(
                "data: nobody in the training split has keypoints, so there is nothing to learn; "
                "annotate some, or choose footage with keypoints"
            )
        rank, world = self.rank_and_world
        beside = len(data) - self.own_frames
        sampler = KeyedBatchSampler(
            self.own_frames,
            samples,
            batch,
            self.seed,
            rank,
            world,
            epoch,
            skip,
            beside=beside,
            beside_share=self.loading.league_share,
        )
        return self._loader(data, batch_sampler=sampler, persistent_workers=self.loading.num_workers > 0)

    def val_dataloader(self) -> Loader | list[Loader]:
        """Whole frames of the selection split; none if it is empty."""
        return self._whole(self._datasets["val"]) if len(self._datasets["val"]) else []

    def held_out(self, split: str) -> Loader:
        """Every frame of a split once, whole and unvaried, as evaluation sees it."""
        self.setup(split)
        if not len(self._datasets[split]):
            raise UsageError(f"data: the {split} split is empty; there is nothing to evaluate")
        return self._whole(self._datasets[split])

    def _whole(self, data: PoseFrames) -> Loader:
        rank, world = self.rank_and_world
        own = self.own_frames if data is self._datasets.get("train") else len(data)
        return self._loader(data, batch_size=self.loading.eval_batch_size, sampler=range(rank, own, world))

    def _loader(self, data: PoseFrames, **how: Any) -> Loader:
        return DataLoader(
            data,
            collate_fn=collate,
            num_workers=self.loading.num_workers,
            pin_memory=self.on_gpu,
            **how,
        )


def pose_data(section: Any, paths: Any, seed: int, shape: CropShape | None = None) -> PoseData:
    """Make the datamodule that the `data` section describes; nothing is read yet.

    section: one of the data sections. paths: the paths section. shape: the crops that the model reads;
    None for one that looks at whole pictures.
    """
    folder = Path(paths.data)
    loading, league = frame_source(section, folder)
    sampling = Sampling(**section.people.model_dump())
    return PoseData(
        partial(open_footage, section, folder), loading, sampling, shape, folder / "frames", seed, league
    )
