"""Where the joints of one person are: a probability over the cells of a crop for each."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raasid.data.keypoints import COUNT, SIGMAS
from raasid.models.pyramid import STRIDE, Pyramid

SPREAD = 0.7
"""Standard deviation of the target's bell, in cells."""
PRESENCE_WEIGHT = 0.5
SEEN_WEIGHT = 0.5
HIDDEN_WEIGHT = 0.6
"""Of a joint that is labelled but hidden: its place is somebody's guess."""
_REACH = 2
"""A place is the mean over this many cells round the best one, weighted by probability."""
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


class JointsNet(Pyramid):
    """A heatmap per joint, normalised over the crop; whether the joint is in the picture, and to be seen.

    Each joint is classified among the crop's cells, as SimCC (Li et al. 2022) does along each axis; both
    axes at once keep two possible places apart. Which of a face's joints are seen tells which way a person
    looks, and that tells left from right: to ask for it teaches the net to look there.
    Input: (N, 3, h, w), normalised, multiples of 32. Output: (N, 17, h / 4, w / 4) and two (N, 17) of logits.
    """

    def __init__(self, channels: int = 16) -> None:
        c = channels
        super().__init__(3, (c, 2 * c, 4 * c, 8 * c, 8 * c), COUNT)
        self.presence = nn.Linear(8 * c, 2 * COUNT)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # type: ignore[override]
        """(N, 3, h, w) -> heat, presence and seen."""
        levels = self.levels(x)
        presence, seen = self.presence(levels[-1].mean((2, 3))).split(COUNT, 1)
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
    weight = torch.where(joints[..., 2] == 1, HIDDEN_WEIGHT, 1.0) * labelled
    place = -((target * log_p).sum(2) * weight).sum() / (n * COUNT)
    known = labelled.any(1, keepdim=True).float()
    missed = F.binary_cross_entropy_with_logits(presence.float(), labelled.float(), reduction="none")
    unseen = F.binary_cross_entropy_with_logits(seen.float(), (joints[..., 2] == 2).float(), reduction="none")
    return {
        "place": place,
        "presence": PRESENCE_WEIGHT * (missed * known).sum() / (n * COUNT),
        "seen": SEEN_WEIGHT * (unseen * labelled).sum() / (n * COUNT),
    }


def read_joints(heat: Tensor, presence: Tensor, box_area: Tensor) -> Joints:
    """The place that the net finds most probable for each joint, and how sure it may be of it.

    heat: (N, 17, h, w); presence: (N, 17) logits; box_area: (N,) square crop pixels of the boxes.
    """
    n, joints, height, width = heat.shape
    p = heat.float().flatten(2).softmax(2).view(n, joints, height, width)
    smooth = F.avg_pool2d(p, 3, 1, 1, count_include_pad=False)
    cell = smooth.flatten(2).argmax(2)
    rows = torch.arange(height, device=p.device, dtype=p.dtype)
    columns = torch.arange(width, device=p.device, dtype=p.dtype)
    row = torch.div(cell, width, rounding_mode="floor")[..., None]
    column = (cell % width)[..., None]
    near = ((rows - row).abs() <= _REACH)[..., :, None] & ((columns - column).abs() <= _REACH)[..., None, :]
    local = p * near
    mass = local.sum((2, 3)).clamp(min=1e-12)
    y = (local.sum(3) * rows).sum(2) / mass
    x = (local.sum(2) * columns).sum(2) / mass
    sigmas = 2 * torch.tensor(SIGMAS, device=p.device)
    tolerance = 2 * sigmas.square() * (_AREA_OF_BOX * box_area / STRIDE**2)[:, None].clamp(min=1.0)
    off_x = torch.exp(-(columns - x[..., None]).square() / tolerance[..., None])
    off_y = torch.exp(-(rows - y[..., None]).square() / tolerance[..., None])
    alike = (p * off_y[..., :, None] * off_x[..., None, :]).sum((2, 3))
    return Joints(torch.stack([x + 0.5, y + 0.5], -1) * STRIDE, alike, presence.float().sigmoid())


def _bell(centre: Tensor, cells: int) -> Tensor:
    """(N, 17) places in cells -> (N, 17, cells) Gaussians that sum to 1."""
    at = torch.arange(cells, device=centre.device, dtype=torch.float32)
    bell = torch.exp(-(at - centre.float()[..., None]).square() / (2 * SPREAD**2))
    return bell / bell.sum(2, keepdim=True).clamp(min=1e-6)
