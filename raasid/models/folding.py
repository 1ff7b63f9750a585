"""Normalisation folded into the convolution before it: the same answers in fewer passes over memory."""

from __future__ import annotations

from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Module = TypeVar("Module", bound=nn.Module)


def fold_norms(module: Module) -> Module:
    """Fold every batch norm that follows a convolution in an `nn.Sequential`, in place; returns the module.

    For nets that only answer: they must be in evaluation mode, and cannot be trained on. Answers change by
    rounding alone.
    """
    for part in module.modules():
        if isinstance(part, nn.Sequential):
            for at in range(len(part) - 1):
                first, then = part[at], part[at + 1]
                if isinstance(first, nn.Conv2d) and isinstance(then, nn.BatchNorm2d):
                    part[at], part[at + 1] = fuse_conv_bn_eval(first, then), nn.Identity()
    return module
