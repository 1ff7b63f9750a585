"""A player in the picture as line segments, and how far a ball is from them."""

from __future__ import annotations

import torch
from torch import Tensor

HAND_REACH = 1.3
"""The hand ends this many forearms below the elbow: COCO's wrist is where the hand begins (a hand is a good
third of a forearm long; de Leva 1996, table 4)."""

LEFT_HAND, RIGHT_HAND, HIPS, CHEST, HEAD = range(17, 22)
POINTS = 22
"""The 17 joints, both finger tips, the middles of hips and shoulders, and the head."""

SEGMENTS: tuple[tuple[str, str, int, int], ...] = (
    ("hand", "left", 9, LEFT_HAND),
    ("hand", "right", 10, RIGHT_HAND),
    ("forearm", "left", 7, 9),
    ("forearm", "right", 8, 10),
    ("upper_arm", "left", 5, 7),
    ("upper_arm", "right", 6, 8),
    ("shoulder", "none", 5, 6),
    ("head", "none", HEAD, HEAD),
    ("chest", "none", HIPS, CHEST),
    ("hip", "none", 11, 12),
    ("thigh", "left", 11, 13),
    ("thigh", "right", 12, 14),
    ("shin", "left", 13, 15),
    ("shin", "right", 14, 16),
    ("foot", "left", 15, 15),
    ("foot", "right", 16, 16),
)
"""Name as `laws.facts.Segment` has it, side, and the points at its ends. A foot is known by its ankle."""
ARMS = tuple(i for i, (name, *_) in enumerate(SEGMENTS) if name in {"hand", "forearm", "upper_arm"})
FAR = 3.0
"""What is further from a ball than this many body heights, or not known at all, is as far as this."""

_A = [a for _, _, a, _ in SEGMENTS]
_B = [b for _, _, _, b in SEGMENTS]


def points(joints: Tensor) -> Tensor:
    """(..., 17, 3) x, y, confidence -> (..., 22, 3); a point made of others is as sure as the least sure."""
    wrists, elbows = joints[..., 9:11, :], joints[..., 7:9, :]
    hands = _beside(elbows[..., :2] + HAND_REACH * (wrists[..., :2] - elbows[..., :2]), wrists, elbows)
    hips = _between(joints[..., 11, :], joints[..., 12, :])
    chest = _between(joints[..., 5, :], joints[..., 6, :])
    face = joints[..., :5, :]
    sure = face[..., 2:]
    weight = sure.sum(-2)
    head = torch.cat([(face[..., :2] * sure).sum(-2) / weight.clamp_min(1e-6), sure.amax(-2)], -1)
    return torch.cat([joints, hands, torch.stack([hips, chest, head], -2)], -2)


def gaps(points_: Tensor, ball: Tensor) -> tuple[Tensor, Tensor]:
    """How far a ball's centre is from each segment, in pixels, and whether the segment is known.

    points_: (..., 22, 3). ball: (..., 2). Returns ((..., 16) distances, (..., 16) bool).
    """
    a, b = points_[..., _A, :], points_[..., _B, :]
    along = b[..., :2] - a[..., :2]
    to_ball = ball[..., None, :] - a[..., :2]
    share = ((to_ball * along).sum(-1) / (along * along).sum(-1).clamp_min(1e-6)).clamp(0, 1)
    away = torch.linalg.vector_norm(to_ball - share[..., None] * along, dim=-1)
    return away, (a[..., 2] > 0) & (b[..., 2] > 0)


def heights(boxes: Tensor, present: Tensor) -> Tensor:
    """How tall players are in the picture: (..., T, 4) left, top, width, height -> (...) pixels.

    The tallest fifth of a player's boxes counts: who bends, falls or is half hidden is no smaller.
    Somebody who was never seen is as tall as 1 pixel, so that dividing by it is defined.
    """
    tall = torch.where(present, boxes[..., 3], torch.zeros_like(boxes[..., 3]))
    ranked = tall.sort(dim=-1, descending=True).values
    seen = present.sum(-1, keepdim=True)
    at = ((seen.float() * 0.2).long()).clamp(0, ranked.shape[-1] - 1)
    return ranked.gather(-1, at)[..., 0].clamp_min(1.0)


def _between(one: Tensor, other: Tensor) -> Tensor:
    return _beside((one[..., :2] + other[..., :2]) / 2, one, other)


def _beside(place: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.cat([place, torch.minimum(one[..., 2:], other[..., 2:])], -1)


def box_distance(boxes: Tensor, ball: Tensor) -> Tensor:
    """How far a ball's centre is outside of boxes, in pixels; 0 inside. (..., 4), (..., 2) -> (...)."""
    outside = torch.maximum(boxes[..., :2] - ball, ball - boxes[..., :2] - boxes[..., 2:])
    away: Tensor = torch.linalg.vector_norm(outside.clamp_min(0), dim=-1)
    return away
