"""Frames of clips as a torch dataset of pose samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset

from raasid.data.augment import Augment, Image
from raasid.data.frame_cache import FrameCache
from raasid.data.frame_ref import FrameRef
from raasid.data.pose.annotated import Annotated, Array
from raasid.data.pose.crop_shape import CropShape
from raasid.data.pose.person_crops import PersonCrops
from raasid.data.pose.sampling import Sampling
from raasid.data.pose.window import Window
from raasid.data.records import Clip
from raasid.data.sampler import SampleKey


class PoseSample(NamedTuple):
    """One picture, the people in it, and, in training, crops of some of them."""

    image: Image
    people: Annotated
    scale: float
    ref: FrameRef
    crops: Image | None = None
    joints: Array | None = None
    areas: Array | None = None


class PoseFrames(Dataset[PoseSample]):
    """All frames of some clips; an int key gives a whole frame, a `SampleKey` what is trained on.

    With a `shape` training samples have crops of that shape beside their window. What a key gives depends
    on the key and the seed alone: not on the process, the worker, or what was asked before.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        cache: FrameCache,
        sampling: Sampling,
        augment: Augment,
        shape: CropShape | None = None,
        seed: int = 0,
    ) -> None:
        self.cache, self.seed, self.sampling = cache, seed, sampling
        self.refs = [ref for clip in clips for ref in FrameRef.of(clip)]
        self._window = Window(sampling, augment)
        self._crops = PersonCrops(shape, sampling, augment) if shape is not None else None

    def __len__(self) -> int:
        return len(self.refs)

    def __getitem__(self, key: SampleKey | int) -> PoseSample:
        index = key if isinstance(key, int) else key.index
        ref, scale, frame = self.refs[index], self.cache.scale_of(index), self.cache[index]
        if isinstance(key, int):
            return PoseSample(frame, Annotated.of(ref.frame, scale), scale, ref)
        people = Annotated.of(ref.frame, scale, self.sampling.unreviewed)
        rng = np.random.default_rng([self.seed, key.epoch, key.position])
        image, seen = self._window(frame, people, rng)
        if self._crops is None:
            return PoseSample(image, seen, scale, ref)
        return PoseSample(image, seen, scale, ref, *self._crops(frame, people, rng))
