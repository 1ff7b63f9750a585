"""Batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from raasid.datasets.sample_meta import FrameRef

Array = NDArray[np.float32]


class PoseBatch(NamedTuple):
    """B whole frames of one size; source pixels times `scale` are input pixels.

    Windows for training are of this kind too, but carry no way back to the source.
    """

    images: Tensor
    """(B, H, W, 3) uint8 RGB, channels last as they come from the decoder."""
    boxes: tuple[Array, ...]
    """Per picture (K, 4): left, top, right, bottom of every annotated person, in input pixels."""
    keypoints: tuple[Array, ...]
    """Per picture (K, 17, 3): x, y in input pixels and COCO visibility; all 0 where nobody labelled them."""
    scale: Tensor
    """(B,) float: input pixels per source pixel."""
    refs: tuple[FrameRef, ...]
    """Where each picture comes from; `frame.persons` are the rows of `boxes`, in whole frames."""
    ignored: tuple[NDArray[np.bool_], ...] = ()
    """Per picture (K,): places where somebody is, but nothing to learn. Empty in evaluation."""


class CropBatch(NamedTuple):
    """Windows in which people are to be found, and crops of people whose joints are to be read."""

    windows: PoseBatch
    crops: Tensor
    """(N, h, w, 3) uint8 RGB."""
    joints: Tensor
    """(N, 17, 3) x, y in crop pixels and COCO visibility; 0 where not labelled or not in the crop."""
    areas: Tensor
    """(N,) square pixels of the person's box at the crop's scale."""

    @property
    def refs(self) -> tuple[FrameRef, ...]:
        """Where the windows come from."""
        return self.windows.refs


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a pose model's training samples look like."""

    window: tuple[int, int] | None = None
    """Width and height of the part of a frame in which people are searched; None: as large as frames."""
    window_scale: tuple[float, float] = (0.8, 1.25)
    """Least and greatest scale of a window: its pixels per pixel of the frame, evenly on a log axis."""
    crops: int = 6
    """Crops of single persons per frame, for models that read joints from crops."""
    jitter: float = 0.08
    """Standard deviation by which a crop's centre is misplaced, as a share of the box."""
    zoom: float = 0.2
    """Crops are scaled by exp(u), u uniform within plus or minus this."""
    rotate: float = 20.0
    """Greatest turn of a crop, in degrees."""
    hide: float = 0.3
    """Probability that something covers a part of a crop."""
    cut: float = 0.0
    """Probability that a crop shows a part of the person only, as at a picture's edge."""
    coarse: float = 0.3
    """Probability that a crop is as coarse as if its person were smaller, down to a quarter of the size."""
    unreviewed: bool = True
    """Whether to learn from people whom a model has marked and nobody has confirmed."""
