"""The fully convolutional net behind `ball_heatmap`: a small feature pyramid read at stride 4."""

from __future__ import annotations

import torch
from torch import nn

from raasid.models.pyramid import GRANULARITY, STRIDE, Pyramid

__all__ = ["GRANULARITY", "STRIDE", "BallNet"]


class BallNet(Pyramid):
    """Where is a ball, how far from the cell's centre, and how large.

    A ball is 3 to 15 pixels wide and looks like a boot, a line or a penalty spot; what tells them
    apart lies around it, hence the pyramid (heads after CenterNet, Zhou et al. 2019).

    Input: (B, 3 * frames, H, W), normalised; H and W multiples of 32.
    Output: (B, 5, H / 4, W / 4): heat logit, dx, dy (in cells), log width, log height (in pixels).
    """

    def __init__(self, channels: int = 16, frames: int = 1) -> None:
        c = channels
        super().__init__(3 * frames, (c, 2 * c, 4 * c, 4 * c, 4 * c), 5)
        # a prior of one ball in a hundred cells, 8 pixels wide, keeps the first steps calm
        self.head.bias = nn.Parameter(torch.tensor([-4.6, 0.0, 0.0, 2.0, 2.0]))
