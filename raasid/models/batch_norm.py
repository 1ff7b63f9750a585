"""Batch normalisation whose statistics are those of the global batch, on any device."""

from __future__ import annotations

from typing import cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn import functional as F


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """`BatchNorm2d` that normalises over all ranks while training.

    A run then computes the same function on one device and on many, which is what makes
    `data.batch_size` a property of the experiment and not of the machine. torch's SyncBatchNorm
    does this on GPUs only; gloo on CPUs needs it as well.

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
