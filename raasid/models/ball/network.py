"""The fully convolutional net behind `ball_heatmap`: a small feature pyramid read at stride 4."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raasid.models.batch_norm import Residual, conv_norm_act

STRIDE = 4
"""Input pixels per heatmap cell."""
GRANULARITY = 32
"""Input height and width are padded to a multiple of this."""


def _up(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class BallNet(nn.Module):
    """Where is a ball, how far from the cell's centre, and how large.

    A ball is 3 to 15 pixels wide and looks like a boot, a line or a penalty spot; what tells them
    apart lies around it. So: fine features at stride 2 and 4, context to stride 32, joined top-down
    (a feature pyramid after Lin et al. 2017, heads after CenterNet, Zhou et al. 2019).

    Input: (B, 3 * frames, H, W), normalised; H and W multiples of 32.
    Output: (B, 5, H / 4, W / 4): heat logit, dx, dy (in cells), log width, log height (in pixels).
    """

    def __init__(self, channels: int = 16, frames: int = 1) -> None:
        super().__init__()
        c = channels
        self.stem = nn.Sequential(conv_norm_act(3 * frames, c, stride=2), conv_norm_act(c, c))
        widths = [c, 2 * c, 4 * c, 4 * c, 4 * c]
        self.down = nn.ModuleList(
            nn.Sequential(conv_norm_act(i, o, stride=2), Residual(o)) for i, o in pairwise(widths)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(o, 2 * c, 1) for o in widths[1:])
        self.smooth = nn.ModuleList(conv_norm_act(2 * c, 2 * c) for _ in widths[2:])
        self.head = nn.Conv2d(2 * c, 5, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        # a prior of one ball in a hundred cells, 8 pixels wide, keeps the first steps calm
        self.head.bias = nn.Parameter(torch.tensor([-4.6, 0.0, 0.0, 2.0, 2.0]))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3 * frames, H, W) -> (B, 5, H / 4, W / 4)."""
        x = self.stem(x)
        levels: list[Tensor] = []
        for down in self.down:
            x = down(x)
            levels.append(x)
        y: Tensor = self.lateral[-1](levels[-1])
        for i in range(len(self.smooth) - 1, -1, -1):
            y = self.smooth[i](self.lateral[i](levels[i]) + _up(y))
        out: Tensor = self.head(y)
        return out
