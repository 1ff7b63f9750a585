"""Frames of clips as a torch dataset of ball samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from raasid.data.augment import Balls, Cropper, Image
from raasid.data.frame_cache import FrameCache
from raasid.data.frame_ref import FrameRef
from raasid.data.records import Clip, Visibility
from raasid.data.sampler import SampleKey

MAX_BALLS = 2
Sample = tuple[Image, Balls, float, FrameRef]
"""Picture (H, W, 3 * frames) uint8 RGB, balls (M, 4) in its pixels, pixels per source pixel, origin."""


class BallFrames(Dataset[Sample]):
    """All frames of some clips; each with its neighbours in time where `frames` is 3.

    A clip's first and last frame stand in for neighbours that it does not have. With a `cropper`
    the samples are random crops, otherwise whole frames. Which crop a key gives depends on the key
    and the seed alone: not on the process, the worker, or what was asked before.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        cache: FrameCache,
        frames: int = 1,
        cropper: Cropper | None = None,
        seed: int = 0,
    ) -> None:
        self.cache, self.cropper, self.seed = cache, cropper, seed
        self.refs: list[FrameRef] = []
        self._window: list[tuple[int, ...]] = []
        reach = frames // 2
        for clip in clips:
            first, last = len(self.refs), len(self.refs) + len(clip.frames) - 1
            for at, frame in enumerate(clip.frames, start=first):
                self._window.append(tuple(min(max(at + d, first), last) for d in range(-reach, reach + 1)))
                self.refs.append(FrameRef(clip.id, clip.match, frame, clip.frame_rate_hz, clip.tags))

    def __len__(self) -> int:
        return len(self.refs)

    def __getitem__(self, key: SampleKey | int) -> Sample:
        index = key if isinstance(key, int) else key.index
        scale = self.cache.scale_of(index)
        balls = self._balls(index, scale)
        window = self._window[index]
        image = self.cache[index] if len(window) == 1 else np.concatenate([self.cache[i] for i in window], 2)
        if self.cropper is not None and not isinstance(key, int):
            rng = np.random.default_rng([self.seed, key.epoch, key.position])
            image, balls = self.cropper(image, balls, rng, key.centre)
        return image, balls, scale, self.refs[index]

    def _balls(self, index: int, scale: float) -> NDArray[np.float32]:
        labelled = self.refs[index].frame.balls[:MAX_BALLS]
        rows = [(b.x, b.y, b.w, b.h) for b in labelled if b.visibility >= Visibility.PARTLY]
        return np.array(rows, np.float32).reshape(-1, 4) * np.float32(scale)
