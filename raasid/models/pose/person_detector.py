"""Person detector of `pose_topdown`: a heatmap of box centres, and its decoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raasid.models.centernet import heatmap_loss, heatmap_target
from raasid.models.layers import GRANULARITY, STRIDE, FeaturePyramid, scaled_edge
from raasid.models.pose.poses import Array, Bools, padded_boxes

BOX_WEIGHT = 1.0
_MAX_LOG_EDGE = 7.0
"""Log of pixels: no person is larger, so that an untrained net's boxes stay finite."""


class PersonDetector(FeaturePyramid):
    """Heat, offset and size of a person per cell of 4 pixels (CenterNet, Zhou et al. 2019).

    Input: (B, 3, H, W), normalised, multiples of 32. Output: (B, 5, H / 4, W / 4) as `heatmap_loss` takes it.
    """

    def __init__(self, channels: int = 16) -> None:
        c = channels
        super().__init__(3, (c, 2 * c, 4 * c, 6 * c, 8 * c), 5)
        # a prior of a person in a hundred cells, 20 x 55 pixels, keeps the first steps calm
        self.head.bias = nn.Parameter(torch.tensor([-4.6, 0.0, 0.0, 3.0, 4.0]))

    def losses(self, output: Tensor, boxes: Sequence[Array], ignored: Sequence[Bools]) -> dict[str, Tensor]:
        """Return the terms `heat` and `box`.

        boxes: per image (K, 4) corners in input pixels. ignored: per image (K,); heat inside these boxes is
        neither right nor wrong.
        """
        height, width = output.shape[2:]
        rows, present = padded_boxes([b[~i] for b, i in zip(boxes, ignored, strict=True)])
        target = heatmap_target(rows.to(output.device), present.to(output.device), height, width)
        mask = torch.ones(len(boxes), height, width)
        for image, (corners, out) in enumerate(zip(boxes, ignored, strict=True)):
            for left, top, right, bottom in (corners[out] / STRIDE).tolist():
                mask[image, int(top) : int(bottom) + 1, int(left) : int(right) + 1] = 0
        heat, box = heatmap_loss(output, target, mask.to(output.device))
        return {"heat": heat, "box": BOX_WEIGHT * box}


def decode_boxes(output: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the best boxes (B, K, 4), corners in input pixels, and their scores (B, K), falling.

    Boxes lie at local maxima of the heat; an image with fewer than K has scores of 0 at the end.
    """
    heat = output[:, 0].float()
    # compared before the sigmoid: it makes equals of what differs in the last digit, each runtime of others
    peak = F.max_pool2d(heat[:, None], 3, 1, 1)[:, 0] == heat
    best, cell = heat.masked_fill(~peak, -torch.inf).flatten(1).topk(min(count, heat[0].numel()))
    index = cell[:, None].expand(-1, 4, -1)
    dx, dy, log_w, log_h = output[:, 1:].float().flatten(2).gather(2, index).unbind(1)
    columns = cell % heat.shape[2]
    rows = torch.div(cell, heat.shape[2], rounding_mode="floor")
    xy = torch.stack([(columns + 0.5 + dx) * STRIDE, (rows + 0.5 + dy) * STRIDE], -1)
    half = torch.stack([log_w, log_h], -1).clamp(0, _MAX_LOG_EDGE).exp() / 2
    return torch.cat([xy - half, xy + half], -1), best.sigmoid()


def normalized_input(images: Tensor, scale: float = 1.0) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, h, w) normalised, `scale` times as large, padded with black to 32."""
    x = images.permute(0, 3, 1, 2).float()
    if scale != 1:
        size = [scaled_edge(edge, scale) for edge in x.shape[2:]]
        if scale < 1:
            x = F.interpolate(x, size, mode="bilinear", antialias=True)
        else:
            x = upsample_bilinear_exact(x, *size)
    x = x.mul(4 / 255).sub(1.6)
    pad = (-x.shape[3] % GRANULARITY, -x.shape[2] % GRANULARITY)
    if torch.onnx.is_in_onnx_export() or any(pad):  # an exported graph pads images of any size
        x = F.pad(x, (0, pad[0], 0, pad[1]), value=-1.6)
    return x.contiguous(memory_format=torch.channels_last)


def upsample_bilinear_exact(planes: Tensor, height: Any, width: Any) -> Tensor:
    """(B, C, H, W) -> (B, C, height, width), as `interpolate` without antialiasing and aligned corners.

    `interpolate` and ONNX's Resize compute a pixel's source position in 32 bits, each by its own formula: at
    column 600 they differ by 6e-5 of a pixel, which a sharp edge of 255 turns into 0.01. Here positions
    are whole numbers until the last step, so that runtimes agree. height, width: tensors while traced.
    """
    low, high, part = _source_positions(planes, planes.shape[3], width)
    rows = planes.reshape(-1, planes.shape[3])  # in two dimensions columns are chosen ten times as fast
    rows = rows.index_select(1, low).lerp(rows.index_select(1, high), part)
    wide = rows.reshape(planes.shape[0], planes.shape[1], planes.shape[2], -1)
    low, high, part = _source_positions(planes, planes.shape[2], height)
    return wide.index_select(2, low).lerp(wide.index_select(2, high), part[:, None])


def _source_positions(planes: Tensor, edge: Any, length: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Per new pixel: the old ones before and after it, and its distance from the one before (0 to 1)."""
    # pixel i comes from (2 i + 1) edge / (2 length) - 1/2; here times 2 length
    position = ((2 * torch.arange(length, device=planes.device) + 1) * edge - length).clamp(min=0)
    low = torch.div(position, 2 * length, rounding_mode="floor")
    part = (position - low * (2 * length)).to(planes.dtype) / (2 * length)
    return low, (low + 1).clamp(max=edge - 1), part
