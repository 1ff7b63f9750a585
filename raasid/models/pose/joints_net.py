"""Joints net of `pose_topdown`: a probability over the cells of a crop for each joint, and its decoding."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raasid.footage.keypoints import NUM_KEYPOINTS, OKS_SIGMAS
from raasid.models.layers import STRIDE, FeaturePyramid

TARGET_SIGMA = 0.7
"""Standard deviation of the target's Gaussian, in cells."""
PRESENCE_WEIGHT = 0.5
VISIBLE_WEIGHT = 0.5
HIDDEN_JOINT_WEIGHT = 0.6
"""Of a joint that is labelled but hidden: its position is the annotator's guess."""
_TOLERANCE_FACTOR = 0.6
"""Joints are placed as if OKS tolerated this fraction of its distances: the best of 0, 0.6 and 1."""
_BLUR = 1.3
"""Square cells: the net's probabilities are rough from cell to cell."""
_MIN_CURVATURE = 0.02
"""Of the log of a Gaussian of 7 cells; a flatter maximum has no position between cells."""
_AREA_OF_BOX = 0.53
"""Average part of its box that a person covers; OKS is relative to that area."""


class Joints(NamedTuple):
    """Joints of N people, in pixels of the crop."""

    xy: Tensor
    """(N, 17, 2)."""
    expected_oks: Tensor
    """(N, 17) the OKS that the net expects of each joint's position."""
    presence: Tensor
    """(N, 17) probability that an annotator labels the joint."""


class JointsNet(FeaturePyramid):
    """A heatmap per joint, normalised over the crop; logits of whether the joint is labelled, and visible.

    Each joint is classified among the crop's cells, as SimCC (Li et al. 2022) does along each axis; both
    axes at once keep two possible positions apart. Which of a face's joints are visible tells which way a
    person looks, and that tells left from right: predicting it teaches the net to look there.
    Input: (N, 3, h, w), normalised, multiples of 32. Output: (N, 17, h / 4, w / 4) and two (N, 17) of logits.
    """

    def __init__(self, channels: int = 16) -> None:
        c = channels
        super().__init__(3, (c, 2 * c, 4 * c, 8 * c, 8 * c), NUM_KEYPOINTS)
        self.presence = nn.Linear(8 * c, 2 * NUM_KEYPOINTS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """(N, 3, h, w) -> heat, presence and visibility."""
        levels = self.levels(x)
        presence, visible = self.presence(levels[-1].mean((2, 3))).split(NUM_KEYPOINTS, 1)
        return self.read(levels), presence, visible


def joint_losses(output: tuple[Tensor, Tensor, Tensor], joints: Tensor) -> dict[str, Tensor]:
    """Return the terms `place` (cross-entropy over the cells), `presence` and `seen`, means over the crops.

    joints: (N, 17, 3) x, y in crop pixels and COCO visibility. Crops without any joint count as zero.
    """
    heat, presence, visible = output
    n, _, height, width = heat.shape
    labelled = joints[..., 2] > 0
    bell_x = _gaussians(joints[..., 0] / STRIDE - 0.5, width)
    bell_y = _gaussians(joints[..., 1] / STRIDE - 0.5, height)
    target = (bell_y[..., :, None] * bell_x[..., None, :]).flatten(2)
    log_p = heat.float().flatten(2).log_softmax(2)
    weight = torch.where(joints[..., 2] == 1, HIDDEN_JOINT_WEIGHT, 1.0) * labelled
    position = -((target * log_p).sum(2) * weight).sum() / (n * NUM_KEYPOINTS)
    known = labelled.any(1, keepdim=True).float()
    missed = F.binary_cross_entropy_with_logits(presence.float(), labelled.float(), reduction="none")
    in_view = (joints[..., 2] == 2).float()
    hidden = F.binary_cross_entropy_with_logits(visible.float(), in_view, reduction="none")
    return {
        "place": position,
        "presence": PRESENCE_WEIGHT * (missed * known).sum() / (n * NUM_KEYPOINTS),
        "seen": VISIBLE_WEIGHT * (hidden * labelled).sum() / (n * NUM_KEYPOINTS),
    }


def decode_joints(heat: Tensor, presence: Tensor, box_area: Tensor) -> Joints:
    """Return the position of the highest expected OKS of each joint.

    heat: (N, 17, h, w); presence: (N, 17) logits; box_area: (N,) square crop pixels of the boxes.
    It may differ from the most probable position: where left and right look the same, the middle of both may
    be worth more than either.
    """
    n, joints, height, width = heat.shape
    p = heat.float().flatten(2).softmax(2).view(n, joints, height, width)
    rows = torch.arange(height, device=p.device, dtype=p.dtype)
    columns = torch.arange(width, device=p.device, dtype=p.dtype)
    variances = 2 * (2 * torch.tensor(OKS_SIGMAS, device=p.device)).square()
    tolerance = variances * (_AREA_OF_BOX * box_area / STRIDE**2)[:, None].clamp(min=1.0)
    narrowed = (tolerance * _TOLERANCE_FACTOR**2 + _BLUR)[..., None]
    worth = (_kernel(rows, narrowed) @ p @ _kernel(columns, narrowed)).flatten(2).clamp(min=1e-30).log()
    cell = worth.argmax(2, keepdim=True)
    row, column = torch.div(cell, width, rounding_mode="floor"), cell % width
    y = (row + _subcell_offset(worth, cell, row, width, height))[..., 0]
    x = (column + _subcell_offset(worth, cell, column, 1, width))[..., 0]
    oks = p * _similarity(rows, y, tolerance)[..., :, None] * _similarity(columns, x, tolerance)[..., None, :]
    xy = torch.stack([x + 0.5, y + 0.5], -1) * STRIDE
    return Joints(xy, oks.sum((2, 3)), presence.float().sigmoid())


def _subcell_offset(worth: Tensor, cell: Tensor, index: Tensor, step: int, count: int) -> Tensor:
    """Offset of the maximum from the best cell along one axis, in cells: a parabola through its neighbours.

    worth: (N, 17, h w) logs, since the log of a Gaussian is a parabola. cell: (N, 17, 1) index of the best
    cell; index: its row or column among `count`; step: from one cell to the next along the axis.
    """
    inside = (index > 0) & (index < count - 1)
    before, here, after = (worth.gather(2, cell + step * way * inside) for way in (-1, 0, 1))
    curvature = (2 * here - before - after).clamp(min=_MIN_CURVATURE)
    return (after - before) / (2 * curvature)


def _similarity(cells: Tensor, position: Tensor, tolerance: Tensor) -> Tensor:
    """(N, 17, cells): OKS along one axis of a prediction (N, 17) with a joint at each cell."""
    return torch.exp(-(cells - position[..., None]).square() / tolerance[..., None])


def _kernel(cells: Tensor, tolerance: Tensor) -> Tensor:
    """(N, 17, cells, cells), symmetric: the same of a prediction at each cell; tolerance (N, 17, 1)."""
    return torch.exp(-(cells[:, None] - cells).square() / tolerance[..., None])


def _gaussians(centre: Tensor, cells: int) -> Tensor:
    """(N, 17) positions in cells -> (N, 17, cells) Gaussians that sum to 1."""
    at = torch.arange(cells, device=centre.device, dtype=torch.float32)
    bell = torch.exp(-(at - centre.float()[..., None]).square() / (2 * TARGET_SIGMA**2))
    return bell / bell.sum(2, keepdim=True).clamp(min=1e-6)
