"""Frames of clips as a torch dataset of ball samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from raasid.data.augment import Balls, Image
from raasid.data.ball.cropper import Cropper
from raasid.data.ball.mosaic import mosaic
from raasid.data.frame_cache import FrameCache
from raasid.data.frame_ref import FrameRef
from raasid.data.records import Clip, Visibility
from raasid.data.sampler import SampleKey

MAX_LABELLED = 2
"""Balls of one frame that are trained on: the match ball and a spare one."""
USUAL_SHARE = 27 / 1920
"""Size that a ball is given of which only the centre is labelled, as a share of the frame's width: the median
box of broadcast footage (DFL set, boxes about twice the ball)."""
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
        if isinstance(key, int):
            return *self._whole(key), self.cache.scale_of(key), self.refs[key]
        image, balls = self._whole(key.index)
        if self.cropper is not None:
            rng = np.random.default_rng([self.seed, key.epoch, key.position])
            image, balls = self.cropper(image, balls, rng, key.centre)
            if self.cropper.augment.mosaic and rng.random() < self.cropper.augment.mosaic:
                others = rng.integers(len(self), size=3).tolist()
                joined = [(image, balls), *(self.cropper(*self._whole(i), rng) for i in others)]
                image, balls = mosaic(joined, (image.shape[1], image.shape[0]), rng)
        return image, balls, self.cache.scale_of(key.index), self.refs[key.index]

    def _whole(self, index: int) -> tuple[Image, Balls]:
        window = self._window[index]
        image = self.cache[index] if len(window) == 1 else np.concatenate([self.cache[i] for i in window], 2)
        return image, self._balls(index, self.cache.scale_of(index))

    def _balls(self, index: int, scale: float) -> NDArray[np.float32]:
        labelled = self.refs[index].frame.balls[:MAX_LABELLED]
        rows = [(b.x, b.y, b.w, b.h) for b in labelled if b.visibility >= Visibility.PARTLY]
        balls = np.array(rows, np.float32).reshape(-1, 4) * np.float32(scale)
        pointed = (balls[:, 2:] <= 0).any(axis=1)
        balls[pointed, 2:] = USUAL_SHARE * self.cache.size[0]
        return balls
