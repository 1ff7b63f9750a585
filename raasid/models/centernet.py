"""Targets and loss of the heatmap head (CenterNet, Zhou et al. 2019, eq. 1 and 2)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from raasid.models.layers import STRIDE


class HeatmapTarget(NamedTuple):
    """Targets of a batch, at the heatmap's resolution (h, w)."""

    heat: Tensor
    """(B, h, w) in [0, 1]; 1 at the cells of centres, falling off as a Gaussian."""
    box: Tensor
    """(B, 4, h, w): dx, dy in cells, log width and log height in pixels."""
    box_weight: Tensor
    """(B, h, w): 1 in the 3 x 3 cells round a centre, else 0."""


def heatmap_target(objects: Tensor, present: Tensor, height: int, width: int) -> HeatmapTarget:
    """Draw the objects of a batch.

    objects: (B, M, 4) centre x, y and box width, height in input pixels; present: (B, M) bool.
    height, width: of the heatmap, in cells. Later objects of an image do not erase earlier ones.
    """
    batch = objects.shape[0]
    rows = torch.arange(height, device=objects.device, dtype=torch.float32)[None, :, None]
    columns = torch.arange(width, device=objects.device, dtype=torch.float32)[None, None, :]
    heat = torch.zeros(batch, height, width, device=objects.device)
    box = torch.zeros(batch, 4, height, width, device=objects.device)
    weight = torch.zeros(batch, height, width, device=objects.device)
    for m in range(objects.shape[1]):
        cell_x, cell_y, object_w, object_h = _cells(objects[:, m])
        here = present[:, m, None, None]
        dx, dy = cell_x - columns, cell_y - rows
        sigma = (torch.minimum(object_w, object_h) / (4 * STRIDE)).clamp(min=1.0)
        bell = torch.exp(-(dx.square() + dy.square()) / (2 * sigma.square()))
        centre = (columns == cell_x.round().clamp(0, width - 1)) & (
            rows == cell_y.round().clamp(0, height - 1)
        )
        heat = torch.maximum(heat, torch.where(centre, 1.0, bell) * here)
        near = here & (dx.abs() < 1.5) & (dy.abs() < 1.5) & (weight == 0)
        parts = (dx, dy, object_w.clamp(min=1).log(), object_h.clamp(min=1).log())
        values = torch.stack([part.expand_as(bell) for part in parts], 1)
        box = torch.where(near[:, None], values, box)
        weight = weight + near
    return HeatmapTarget(heat, box, weight)


def _cells(objects: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, w, h = objects.float()[:, :, None, None].unbind(1)
    return x / STRIDE - 0.5, y / STRIDE - 0.5, w, h


def heatmap_loss(output: Tensor, target: HeatmapTarget, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Penalty-reduced focal loss of the heat and L1 loss of the boxes, each a sum per image.

    output: (B, 5, h, w): heat logit, dx, dy (in cells), log width, log height (in pixels).
    mask: (B, h, w), 0 for cells whose heat does not count; None counts all.
    Both are divided by the batch size, not by the number of objects, so that the mean over ranks is the loss
    of the global batch.
    """
    batch = output.shape[0]
    logit = output[:, 0].float()
    centre = target.heat == 1
    log_p, log_not_p = F.logsigmoid(logit), F.logsigmoid(-logit)
    p = logit.sigmoid()
    heat = torch.where(centre, (1 - p).square() * log_p, (1 - target.heat).pow(4) * p.square() * log_not_p)
    if mask is not None:
        heat = heat * mask
    box = ((output[:, 1:].float() - target.box).abs().sum(1) * target.box_weight).sum() / 9
    return -heat.sum() / batch, box / batch
