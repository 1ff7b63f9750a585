"""Batches of pose models."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from raasid.datasets.sample_meta import FrameRef

Array = NDArray[np.float32]


class PoseBatch(NamedTuple):
    """B whole frames of one size; source pixels times `scale` are input pixels.

    Training windows have this type too, but cannot be mapped back to the source.
    """

    images: Tensor
    """(B, H, W, 3) uint8 RGB, channels last as they come from the decoder."""
    boxes: tuple[Array, ...]
    """Per image (K, 4): left, top, right, bottom of every annotated person, in input pixels."""
    keypoints: tuple[Array, ...]
    """Per image (K, 17, 3): x, y in input pixels and COCO visibility; all 0 where they are not labelled."""
    scale: Tensor
    """(B,) float: input pixels per source pixel."""
    refs: tuple[FrameRef, ...]
    """Origin of each image; in whole frames, `frame.persons` are the rows of `boxes`."""
    ignored: tuple[NDArray[np.bool_], ...] = ()
    """Per image (K,): regions that contain people but are excluded from the loss. Empty in evaluation."""


class CropBatch(NamedTuple):
    """Windows to detect people in, and crops of single persons to predict joints in."""

    windows: PoseBatch
    crops: Tensor
    """(N, h, w, 3) uint8 RGB."""
    joints: Tensor
    """(N, 17, 3) x, y in crop pixels and COCO visibility; 0 where not labelled or not in the crop."""
    areas: Tensor
    """(N,) square pixels of the person's box at the crop's scale."""

    @property
    def refs(self) -> tuple[FrameRef, ...]:
        """Origin of the windows."""
        return self.windows.refs
