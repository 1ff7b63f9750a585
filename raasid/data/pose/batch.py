"""What a pose model is given: whole frames, the players in them, and where they come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from raasid.data.frame_ref import FrameRef

Array = NDArray[np.float32]


class PoseBatch(NamedTuple):
    """B whole frames of one size; source pixels times `scale` are input pixels."""

    images: Tensor
    """(B, H, W, 3) uint8 RGB, channels last as they come from the decoder."""
    boxes: tuple[Array, ...]
    """Per picture (K, 4): left, top, right, bottom of every annotated person, in input pixels."""
    keypoints: tuple[Array, ...]
    """Per picture (K, 17, 3): x, y in input pixels and COCO visibility; all 0 where nobody labelled them."""
    scale: Tensor
    """(B,) float: input pixels per source pixel."""
    refs: tuple[FrameRef, ...]
    """Where each picture comes from; `frame.persons` are the rows of `boxes`."""
