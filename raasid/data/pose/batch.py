"""What a pose model is given: pictures, the people in them, and where they come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from raasid.data.frame_ref import FrameRef

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
