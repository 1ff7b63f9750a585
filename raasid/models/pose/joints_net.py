"""Where the joints of one person are: a probability over the cells of a crop for each."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raasid.footage.keypoints import NUM_KEYPOINTS, OKS_SIGMAS
from raasid.models.layers import STRIDE, FeaturePyramid

TARGET_SIGMA = 0.7
"""Standard deviation of the target's bell, in cells."""
PRESENCE_WEIGHT = 0.5
VISIBLE_WEIGHT = 0.5
HIDDEN_JOINT_WEIGHT = 0.6
"""Of a joint that is labelled but hidden: its place is somebody's guess."""
_NARROWED = 0.6
"""Joints are placed as if OKS tolerated this part of the distances that it does: best of 0, 0.6 and 1."""
_BLUR = 1.3
"""Square cells: a net's probability is rough from cell to cell."""
_LEAST_BEND = 0.02
"""Of the log of a bell of 7 cells; what is flatter has no top between cells that could be told."""
_AREA_OF_BOX = 0.53
"""What part of its box a person covers on average; OKS is about that area."""


class Joints(NamedTuple):
    """Joints of N people; pixels of the crop."""

    xy: Tensor
    """(N, 17, 2)."""
    alike: Tensor
    """(N, 17) the similarity (OKS of one joint) that the net expects of its own answer."""
    present: Tensor
    """(N, 17) probability that somebody who labels the picture labels this joint."""


class JointsNet(FeaturePyramid):
    """A heatmap per joint, normalised over the crop; whether the joint is in the picture, and to be seen.

    Each joint is classified among the crop's cells, as SimCC (Li et al. 2022) does along each axis; both
    axes at once keep two possible places apart. Which of a face's joints are seen tells which way a person
    looks, and that tells left from right: to ask for it teaches the net to look there.
    Input: (N, 3, h, w), normalised, multiples of 32. Output: (N, 17, h / 4, w / 4) and two (N, 17) of logits.
    """

    def __init__(self, channels: int = 16) -> None:
        c = channels
        super().__init__(3, (c, 2 * c, 4 * c, 8 * c, 8 * c), NUM_KEYPOINTS)
        self.presence = nn.Linear(8 * c, 2 * NUM_KEYPOINTS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """(N, 3, h, w) -> heat, presence and seen."""
        levels = self.levels(x)
        presence, seen = self.presence(levels[-1].mean((2, 3))).split(NUM_KEYPOINTS, 1)
        return self.read(levels), presence, seen


def joint_losses(output: tuple[Tensor, Tensor, Tensor], joints: Tensor) -> dict[str, Tensor]:
    """Terms `place` (cross-entropy over the cells), `presence` and `seen`, means over the crops.

    joints: (N, 17, 3) x, y in crop pixels and COCO visibility. Crops without any joint count as zero.
    """
    heat, presence, seen = output
    n, _, height, width = heat.shape
    labelled = joints[..., 2] > 0
    bell_x = _bell(joints[..., 0] / STRIDE - 0.5, width)
    bell_y = _bell(joints[..., 1] / STRIDE - 0.5, height)
    target = (bell_y[..., :, None] * bell_x[..., None, :]).flatten(2)
    log_p = heat.float().flatten(2).log_softmax(2)
    weight = torch.where(joints[..., 2] == 1, HIDDEN_JOINT_WEIGHT, 1.0) * labelled
    place = -((target * log_p).sum(2) * weight).sum() / (n * NUM_KEYPOINTS)
    known = labelled.any(1, keepdim=True).float()
    missed = F.binary_cross_entropy_with_logits(presence.float(), labelled.float(), reduction="none")
    unseen = F.binary_cross_entropy_with_logits(seen.float(), (joints[..., 2] == 2).float(), reduction="none")
    return {
        "place": place,
        "presence": PRESENCE_WEIGHT * (missed * known).sum() / (n * NUM_KEYPOINTS),
        "seen": VISIBLE_WEIGHT * (unseen * labelled).sum() / (n * NUM_KEYPOINTS),
    }


def decode_joints(heat: Tensor, presence: Tensor, box_area: Tensor) -> Joints:
    """The place that promises most similarity for each joint, and how much of it.

    heat: (N, 17, h, w); presence: (N, 17) logits; box_area: (N,) square crop pixels of the boxes.
    Not the most probable place: where left and right cannot be told apart, the middle of both may be worth
    more than either.
    """
    n, joints, height, width = heat.shape
    p = heat.float().flatten(2).softmax(2).view(n, joints, height, width)
    rows = torch.arange(height, device=p.device, dtype=p.dtype)
    columns = torch.arange(width, device=p.device, dtype=p.dtype)
    variances = 2 * (2 * torch.tensor(OKS_SIGMAS, device=p.device)).square()
    tolerance = variances * (_AREA_OF_BOX * box_area / STRIDE**2)[:, None].clamp(min=1.0)
    near = (tolerance * _NARROWED**2 + _BLUR)[..., None]
    worth = (_kernel(rows, near) @ p @ _kernel(columns, near)).flatten(2).clamp(min=1e-30).log()
    cell = worth.argmax(2, keepdim=True)
    row, column = torch.div(cell, width, rounding_mode="floor"), cell % width
    y = (row + _between(worth, cell, row, width, height))[..., 0]
    x = (column + _between(worth, cell, column, 1, width))[..., 0]
    alike = p * _near(rows, y, tolerance)[..., :, None] * _near(columns, x, tolerance)[..., None, :]
    xy, present = torch.stack([x + 0.5, y + 0.5], -1) * STRIDE, presence.float().sigmoid()
    return Joints(xy, alike.sum((2, 3)), present)


def _between(worth: Tensor, cell: Tensor, at: Tensor, step: int, count: int) -> Tensor:
    """How far along one axis the top lies from the best cell: a parabola's through its neighbours; cells.

    worth: (N, 17, h w) logs: a bell's is a parabola. cell, at: (N, 17, 1) the best one, and its number among
    the `count` of its row or column; step: to the next one.
    """
    inside = (at > 0) & (at < count - 1)
    before, here, after = (worth.gather(2, cell + step * way * inside) for way in (-1, 0, 1))
    bend = (2 * here - before - after).clamp(min=_LEAST_BEND)
    return (after - before) / (2 * bend)


def _near(cells: Tensor, place: Tensor, tolerance: Tensor) -> Tensor:
    """(N, 17, cells): how much a joint at each cell is worth to an answer (N, 17)."""
    return torch.exp(-(cells - place[..., None]).square() / tolerance[..., None])


def _kernel(cells: Tensor, tolerance: Tensor) -> Tensor:
    """(N, 17, cells, cells), symmetric: the same for an answer at each cell; tolerance (N, 17, 1)."""
    return torch.exp(-(cells[:, None] - cells).square() / tolerance[..., None])


def _bell(centre: Tensor, cells: int) -> Tensor:
    """(N, 17) places in cells -> (N, 17, cells) Gaussians that sum to 1."""
    at = torch.arange(cells, device=centre.device, dtype=torch.float32)
    bell = torch.exp(-(at - centre.float()[..., None]).square() / (2 * TARGET_SIGMA**2))
    return bell / bell.sum(2, keepdim=True).clamp(min=1e-6)
