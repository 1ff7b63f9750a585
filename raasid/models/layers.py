"""Building blocks of our image nets: global batch normalisation, residuals, and a feature pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """`BatchNorm2d` that normalises over all ranks while training.

    A run then computes the same function on one device and on many, so that `data.batch_size` is a property
    of the experiment and not of the machine. torch's SyncBatchNorm works on GPUs only.

    Input and output: (B, C, H, W). With one process it is exactly `BatchNorm2d`.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise `input`; ranks must call together and with equally large batches."""
        if not (
            self.training and dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        ):
            return super().forward(input)
        world = dist.get_world_size()
        count = input.numel() // input.shape[1]
        x = input.float()
        own_var, own_mean = torch.var_mean(x, (0, 2, 3), correction=0)
        # variances within and between ranks, as Chan et al. 1979 join them: a mean of squares loses digits
        mean = _sum_over_ranks(own_mean) / world
        var = _sum_over_ranks(own_var + (own_mean - mean).square()) / world
        self._update_running(mean.detach(), var.detach(), count * world)
        scale = self.weight * torch.rsqrt(var + self.eps)
        shift = self.bias - mean * scale
        return torch.addcmul(shift[None, :, None, None], x, scale[None, :, None, None]).to(input.dtype)

    @torch.no_grad()
    def _update_running(self, mean: Tensor, var: Tensor, count: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(var * count / max(count - 1, 1), momentum)


def _sum_over_ranks(x: Tensor) -> Tensor:
    return cast("Tensor", all_reduce(x))  # type: ignore[no-untyped-call]


def conv_norm_act(channels_in: int, channels_out: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, normalisation, ReLU; (B, I, H, W) -> (B, O, H / stride, W / stride)."""
    conv = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, GlobalBatchNorm2d(channels_out), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions beside the identity (He et al. 2016); keeps its input's shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv_norm_act(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), GlobalBatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return F.relu(x + self.second(self.first(x)))


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


class FeaturePyramid(nn.Module):
    """Fine features at stride 2 and 4, context to stride 32, joined top-down (Lin et al. 2017).

    inputs, outputs: channels. widths: channels at stride 2, 4, 8, 16 and 32; the way back up has the width
    of stride 4.
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

    @property
    def deepest(self) -> nn.Module:
        """The layer with the features at stride 32."""
        return self.down[-1]

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


Module = TypeVar("Module", bound=nn.Module)


def fold_batch_norms(module: Module) -> Module:
    """Fold every batch norm that follows a convolution in an `nn.Sequential`, in place; returns the module.

    For inference: the module must be in evaluation mode, and cannot be trained afterwards. Outputs change by
    rounding alone.
    """
    for part in module.modules():
        if isinstance(part, nn.Sequential):
            for i in range(len(part) - 1):
                conv, norm = part[i], part[i + 1]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    part[i], part[i + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    return module
