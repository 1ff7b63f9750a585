"""Frames of clips as a torch dataset of ball samples, and their batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from raasid.datasets.augmentation import Balls, Image
from raasid.datasets.ball.augmentation import BallCropper, mosaic
from raasid.datasets.frame_cache import FrameCache
from raasid.datasets.sample_meta import FrameRef
from raasid.datasets.sampler import SampleKey
from raasid.footage.records import Clip, Visibility


class BallBatch(NamedTuple):
    """B samples of one size.

    Source pixels times `scale` are input pixels; the source's origin is the input's origin in whole
    frames. Crops are for training only and carry no way back.
    """

    images: Tensor
    """(B, H, W, 3 * frames) uint8 RGB, channels last as they come from the decoder."""
    balls: Tensor
    """(B, M, 4) float: centre x, y, width, height in input pixels; padded with zeros."""
    present: Tensor
    """(B, M) bool: which rows of `balls` are real."""
    scale: Tensor
    """(B,) float: input pixels per source pixel."""
    refs: tuple[FrameRef, ...]
    """Origin of each sample."""


MAX_LABELLED = 2
"""Balls of one frame that are trained on: the match ball and a spare one."""
DEFAULT_BALL_SHARE = 27 / 1920
"""Assumed size of a ball whose centre alone is labelled, as a share of the frame's width: the median box of
broadcast footage (DFL set, boxes about twice the ball)."""
Sample = tuple[Image, Balls, float, FrameRef]
"""Image (H, W, 3 * frames) uint8 RGB, balls (M, 4) in its pixels, pixels per source pixel, origin."""


class BallDataset(Dataset[Sample]):
    """All frames of some clips, each with its neighbours in time where `frames` is 3.

    A clip's first and last frame are repeated in place of missing neighbours. An int key gives a whole frame;
    a `SampleKey` gives a random crop if there is a `cropper`. The crop depends on the key and the seed alone:
    not on the process, the worker, or earlier samples.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        cache: FrameCache,
        frames: int = 1,
        cropper: BallCropper | None = None,
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
            return *self._whole_frame(key), self.cache.scale_of(key), self.refs[key]
        image, balls = self._whole_frame(key.index)
        if self.cropper is not None:
            rng = np.random.default_rng([self.seed, key.epoch, key.position])
            image, balls = self.cropper(image, balls, rng, key.centre)
            if self.cropper.augment.mosaic and rng.random() < self.cropper.augment.mosaic:
                others = rng.integers(len(self), size=3).tolist()
                joined = [(image, balls), *(self.cropper(*self._whole_frame(i), rng) for i in others)]
                image, balls = mosaic(joined, (image.shape[1], image.shape[0]), rng)
        return image, balls, self.cache.scale_of(key.index), self.refs[key.index]

    def _whole_frame(self, index: int) -> tuple[Image, Balls]:
        window = self._window[index]
        image = self.cache[index] if len(window) == 1 else np.concatenate([self.cache[i] for i in window], 2)
        return image, self._balls(index, self.cache.scale_of(index))

    def _balls(self, index: int, scale: float) -> NDArray[np.float32]:
        labelled = self.refs[index].frame.balls[:MAX_LABELLED]
        rows = [(b.x, b.y, b.w, b.h) for b in labelled if b.visibility >= Visibility.PARTLY]
        balls = np.array(rows, np.float32).reshape(-1, 4) * np.float32(scale)
        without_size = (balls[:, 2:] <= 0).any(axis=1)
        balls[without_size, 2:] = DEFAULT_BALL_SHARE * self.cache.size[0]
        return balls


def collate(samples: Sequence[Sample]) -> BallBatch:
    """Stack samples of one size; balls are padded to the largest number in a sample."""
    images, balls, scales, refs = zip(*samples, strict=True)
    max_balls = max(1, *(len(rows) for rows in balls))
    padded = np.zeros((len(samples), max_balls, 4), np.float32)
    present = np.zeros((len(samples), max_balls), bool)
    for i, rows in enumerate(balls):
        padded[i, : len(rows)] = rows
        present[i, : len(rows)] = True
    return BallBatch(
        torch.from_numpy(np.stack(images)),
        torch.from_numpy(padded),
        torch.from_numpy(present),
        torch.tensor(scales, dtype=torch.float32),
        tuple(refs),
    )
