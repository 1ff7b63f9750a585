"""What a ball model is given: a batch of pictures, the balls in them, and where they come from."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from raasid.data.frame_ref import FrameRef


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
    """Where each sample comes from."""
