"""A small feature pyramid, read at stride 4: what our own nets for pictures are made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raasid.models.batch_norm import Residual, conv_norm_act

STRIDE = 4
"""Input pixels per cell of the output."""
GRANULARITY = 32
"""Input height and width are multiples of this."""


def scaled_edge(edge: Any, scale: float) -> Any:
    """`edge` times `scale` as a whole number, at least 1; both are tensors while a graph is traced."""
    if isinstance(edge, Tensor):
        return (edge * scale + 0.5).floor().clamp(min=1).to(torch.int64)
    return max(1, int(edge * scale + 0.5))


def _up(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Pyramid(nn.Module):
    """Fine features at stride 2 and 4, context to stride 32, joined top-down (Lin et al. 2017).

    inputs, outputs: channels. widths: channels at stride 2, 4, 8, 16 and 32; those of the way back up are
    the width at stride 4.
    Input: (B, inputs, H, W), normalised; H and W multiples of 32. Output: (B, outputs, H / 4, W / 4).
    """

    def __init__(self, inputs: int, widths: Sequence[int], outputs: int) -> None:
        super().__init__()
        first, back = widths[0], widths[1]
        self.stem = nn.Sequential(conv_norm_act(inputs, first, stride=2), conv_norm_act(first, first))
        self.down = nn.ModuleList(
            nn.Sequential(conv_norm_act(i, o, stride=2), Residual(o)) for i, o in pairwise(widths)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(o, back, 1) for o in widths[1:])
        self.smooth = nn.ModuleList(conv_norm_act(back, back) for _ in widths[2:])
        self.head = nn.Conv2d(back, outputs, 1)
        nn.init.normal_(self.head.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / 4, W / 4)."""
        return self.read(self.levels(x))

    def levels(self, x: Tensor) -> list[Tensor]:
        """Features at stride 4, 8, 16 and 32."""
        x = self.stem(x)
        levels: list[Tensor] = []
        for down in self.down:
            x = down(x)
            levels.append(x)
        return levels

    def read(self, levels: Sequence[Tensor]) -> Tensor:
        """Join the levels from the coarsest to the finest, and read the head there."""
        y: Tensor = self.lateral[-1](levels[-1])
        for i in range(len(self.smooth) - 1, -1, -1):
            y = self.smooth[i](self.lateral[i](levels[i]) + _up(y))
        out: Tensor = self.head(y)
        return out
