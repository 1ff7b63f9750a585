"""Targets and loss of the heatmap head (CenterNet, Zhou et al. 2019, eq. 1 and 2)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from raasid.models.layers import STRIDE


class HeatmapTarget(NamedTuple):
    """What the net should say for a batch; all (B, …, h, w) at the heatmap's resolution."""

    heat: Tensor
    """(B, h, w) in [0, 1]; 1 at the cells of ball centres, falling off as a Gaussian."""
    box: Tensor
    """(B, 4, h, w): dx, dy in cells, log width and log height in pixels."""
    box_weight: Tensor
    """(B, h, w): 1 in the 3 x 3 cells round a centre, else 0."""


def heatmap_target(balls: Tensor, present: Tensor, height: int, width: int) -> HeatmapTarget:
    """Draw the balls of a batch.

    balls: (B, M, 4) centre x, y and box width, height in input pixels; present: (B, M) bool.
    height, width: of the heatmap, in cells. Later balls of a frame do not erase earlier ones.
    """
    batch = balls.shape[0]
    rows = torch.arange(height, device=balls.device, dtype=torch.float32)[None, :, None]
    columns = torch.arange(width, device=balls.device, dtype=torch.float32)[None, None, :]
    heat = torch.zeros(batch, height, width, device=balls.device)
    box = torch.zeros(batch, 4, height, width, device=balls.device)
    weight = torch.zeros(batch, height, width, device=balls.device)
    for m in range(balls.shape[1]):
        cell_x, cell_y, ball_w, ball_h = _cells(balls[:, m])
        here = present[:, m, None, None]
        dx, dy = cell_x - columns, cell_y - rows
        sigma = (torch.minimum(ball_w, ball_h) / (4 * STRIDE)).clamp(min=1.0)
        bell = torch.exp(-(dx.square() + dy.square()) / (2 * sigma.square()))
        centre = (columns == cell_x.round().clamp(0, width - 1)) & (
            rows == cell_y.round().clamp(0, height - 1)
        )
        heat = torch.maximum(heat, torch.where(centre, 1.0, bell) * here)
        near = here & (dx.abs() < 1.5) & (dy.abs() < 1.5) & (weight == 0)
        parts = (dx, dy, ball_w.clamp(min=1).log(), ball_h.clamp(min=1).log())
        values = torch.stack([part.expand_as(bell) for part in parts], 1)
        box = torch.where(near[:, None], values, box)
        weight = weight + near
    return HeatmapTarget(heat, box, weight)


def _cells(balls: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, y, w, h = balls.float()[:, :, None, None].unbind(1)
    return x / STRIDE - 0.5, y / STRIDE - 0.5, w, h


def heatmap_loss(
    output: Tensor, target: HeatmapTarget, counted: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Penalty-reduced focal loss of the heat and L1 loss of the boxes, each a sum per image.

    output: (B, 5, h, w): heat logit, dx, dy (in cells), log width, log height (in pixels).
    counted: (B, h, w), 0 for cells whose heat is not to be judged; None judges all.
    Both are divided by the batch size alone, not by the number of balls, so that the mean over ranks is the
    loss of the global batch.
    """
    batch = output.shape[0]
    logit = output[:, 0].float()
    centre = target.heat == 1
    log_p, log_not_p = F.logsigmoid(logit), F.logsigmoid(-logit)
    p = logit.sigmoid()
    heat = torch.where(centre, (1 - p).square() * log_p, (1 - target.heat).pow(4) * p.square() * log_not_p)
    if counted is not None:
        heat = heat * counted
    box = ((output[:, 1:].float() - target.box).abs().sum(1) * target.box_weight).sum() / 9
    return -heat.sum() / batch, box / batch
