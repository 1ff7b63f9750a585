"""The datamodule of pose models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from raasid.datasets.data_config import DataConfig
from raasid.datasets.datamodule import Loader
from raasid.datasets.factory import auxiliary_league, open_footage
from raasid.datasets.frame_cache import FrameCache
from raasid.datasets.frame_datamodule import FrameDataModule
from raasid.datasets.pose.dataset import PoseDataset, collate
from raasid.datasets.pose.transforms import CropShape
from raasid.errors import UsageError
from raasid.footage.records import Clip, Footage


def build_pose_datamodule(
    config: DataConfig, paths: Any, seed: int, shape: CropShape | None = None
) -> PoseDataModule:
    """Make the datamodule of a `data` section; nothing is read yet.

    paths: the `paths` section. shape: of the crops that the model reads joints from; None for a model that
    sees whole images.
    """
    folder = Path(paths.data)
    footage, league = partial(open_footage, config, folder), auxiliary_league(config, folder)
    return PoseDataModule(footage, config, shape, folder / "frames", seed, league)


class PoseDataModule(FrameDataModule):
    """Windows and person crops to train on, whole frames to evaluate on.

    shape: of the crops that the model reads joints from; None for models that see whole images.
    The others: as `FrameDataModule`.
    """

    collate = staticmethod(collate)

    def __init__(
        self,
        footage: Callable[[], Footage],
        config: DataConfig,
        shape: CropShape | None,
        cache: Path,
        seed: int,
        league: Callable[[], Sequence[Clip]] | None = None,
    ) -> None:
        super().__init__(footage, config, cache, seed, league)
        self.shape = shape

    def dataset(self, name: str, clips: Sequence[Clip], cache: FrameCache) -> PoseDataset:
        """Make the dataset of a split; an int key gives a whole frame, a `SampleKey` a training sample."""
        return PoseDataset(clips, cache, self.config.people, self.config.augment, self.shape, self.seed)

    def train_dataloader(self) -> Loader:
        """Augmented samples in an order that depends on seed and epoch; a resumed run continues it."""
        data: PoseDataset = self._datasets["train"]
        if data.refs and not any(person.keypoints for ref in data.refs for person in ref.frame.persons):
            raise UsageError(
                "data: nobody in the training split has keypoints, so there is nothing to learn; "
                "annotate some, or choose footage with keypoints"
            )
        return self._train_loader()

    def eval_dataloader(self, split: str) -> Loader:
        """Every whole frame of a split once, without augmentation. Raises UsageError where it is empty."""
        self.setup(split)
        if not len(self._datasets[split]):
            raise UsageError(f"data: the {split} split is empty; there is nothing to evaluate")
        return self._eval_loader(self._datasets[split])

    def _eval_loader(self, data: PoseDataset) -> Loader:
        rank, world_size = self.rank_and_world
        frames = self.num_real_frames if data is self._datasets.get("train") else len(data)
        sampler = range(rank, frames, world_size)
        return self._loader(data, batch_size=self.config.eval_batch_size, sampler=sampler)
