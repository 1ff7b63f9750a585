"""The datamodule of pose models and its dataset: whole frames, or training windows with person crops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from raasid.datasets.augmentation import Image
from raasid.datasets.data_config import AugmentConfig, DataConfig, PeopleConfig
from raasid.datasets.datamodule import Loader
from raasid.datasets.factory import auxiliary_league, open_footage
from raasid.datasets.frame_cache import FrameCache
from raasid.datasets.frame_datamodule import FrameDataModule
from raasid.datasets.pose.batch import Array, CropBatch, PoseBatch
from raasid.datasets.pose.person_crops import PersonCropper
from raasid.datasets.pose.transforms import AnnotatedPeople, CropShape, RandomCrop
from raasid.datasets.sample_meta import FrameRef
from raasid.datasets.sampler import SampleKey
from raasid.errors import UsageError
from raasid.footage.records import Clip, Footage


class PoseSample(NamedTuple):
    """One image, the people in it, and, in training, crops of some of them."""

    image: Image
    people: AnnotatedPeople
    scale: float
    ref: FrameRef
    crops: Image | None = None
    joints: Array | None = None
    areas: Array | None = None


class PoseDataset(Dataset[PoseSample]):
    """All frames of some clips; an int key gives a whole frame, a `SampleKey` a training window.

    With a `shape`, training samples have person crops of that shape in addition to their window. A sample
    depends on its key and the seed alone: not on the process, the worker, or earlier samples.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        cache: FrameCache,
        people: PeopleConfig,
        augment: AugmentConfig,
        shape: CropShape | None = None,
        seed: int = 0,
    ) -> None:
        self.cache, self.seed, self.people = cache, seed, people
        self.refs = [ref for clip in clips for ref in FrameRef.of(clip)]
        self._window = RandomCrop(people, augment)
        self._crops = PersonCropper(shape, people, augment) if shape is not None else None

    def __len__(self) -> int:
        return len(self.refs)

    def __getitem__(self, key: SampleKey | int) -> PoseSample:
        index = key if isinstance(key, int) else key.index
        ref, scale, frame = self.refs[index], self.cache.scale_of(index), self.cache[index]
        if isinstance(key, int):
            return PoseSample(frame, AnnotatedPeople.of(ref.frame, scale), scale, ref)
        people = AnnotatedPeople.of(ref.frame, scale, self.people.use_unreviewed)
        rng = np.random.default_rng([self.seed, key.epoch, key.position])
        image, seen = self._window(frame, people, rng)
        if self._crops is None:
            return PoseSample(image, seen, scale, ref)
        return PoseSample(image, seen, scale, ref, *self._crops(frame, people, rng))


def collate(samples: Sequence[PoseSample]) -> PoseBatch | CropBatch:
    """Stack samples of one size; those with crops become a CropBatch."""
    batch = PoseBatch(
        torch.from_numpy(np.stack([s.image for s in samples])),
        tuple(s.people.boxes for s in samples),
        tuple(s.people.keypoints for s in samples),
        torch.tensor([s.scale for s in samples], dtype=torch.float32),
        tuple(s.ref for s in samples),
        tuple(s.people.ignored for s in samples),
    )
    if samples[0].crops is None:
        return batch
    return CropBatch(
        batch,
        _joined([s.crops for s in samples]),
        _joined([s.joints for s in samples]),
        _joined([s.areas for s in samples]),
    )


def _joined(parts: Sequence[Any]) -> Tensor:
    return torch.from_numpy(np.concatenate([part for part in parts if part is not None]))


def build_pose_datamodule(
    config: DataConfig, paths: Any, seed: int, shape: CropShape | None = None
) -> PoseDataModule:
    """Make the datamodule of a `data` section; nothing is read yet.

    paths: the `paths` section. shape: of the crops that the model reads joints from; None for a model that
    sees whole images.
    """
    folder = Path(paths.data)
    footage = partial(open_footage, config, folder, paths.scratch)
    league = auxiliary_league(config, folder)
    module = PoseDataModule(footage, config, shape, folder / "frames", seed, league)
    module.scratch = paths.scratch
    return module


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
