"""A player in the image as line segments, and the distance of a ball from them."""

from __future__ import annotations

import torch
from torch import Tensor

HAND_REACH = 1.3
"""The hand ends this many forearm lengths from the elbow: COCO's wrist is where the hand begins (a hand is a
good third of a forearm long; de Leva 1996, table 4)."""

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
"""Name as in `laws.facts.Segment`, side, and the points at its ends. A foot is located at its ankle."""
ARMS = tuple(i for i, (name, *_) in enumerate(SEGMENTS) if name in {"hand", "forearm", "upper_arm"})
FAR = 3.0
"""Largest distance from a ball in body heights; also the distance of what is unknown."""

_A = [a for _, _, a, _ in SEGMENTS]
_B = [b for _, _, _, b in SEGMENTS]


def body_points(joints: Tensor) -> Tensor:
    """Extend (..., 17, 3) x, y, confidence to (..., 22, 3); a derived point has the lowest confidence."""
    wrists, elbows = joints[..., 9:11, :], joints[..., 7:9, :]
    tips = elbows[..., :2] + HAND_REACH * (wrists[..., :2] - elbows[..., :2])
    hands = _with_lower_confidence(tips, wrists, elbows)
    hips = _middle(joints[..., 11, :], joints[..., 12, :])
    chest = _middle(joints[..., 5, :], joints[..., 6, :])
    face = joints[..., :5, :]
    confidence = face[..., 2:]
    weight = confidence.sum(-2)
    head = torch.cat([(face[..., :2] * confidence).sum(-2) / weight.clamp_min(1e-6), confidence.amax(-2)], -1)
    return torch.cat([joints, hands, torch.stack([hips, chest, head], -2)], -2)


def segment_distances(points: Tensor, ball: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distance of a ball's centre from each segment, and whether the segment is known.

    points: (..., 22, 3). ball: (..., 2). Returns ((..., 16) pixels, (..., 16) bool).
    """
    a, b = points[..., _A, :], points[..., _B, :]
    along = b[..., :2] - a[..., :2]
    to_ball = ball[..., None, :] - a[..., :2]
    share = ((to_ball * along).sum(-1) / (along * along).sum(-1).clamp_min(1e-6)).clamp(0, 1)
    distance = torch.linalg.vector_norm(to_ball - share[..., None] * along, dim=-1)
    return distance, (a[..., 2] > 0) & (b[..., 2] > 0)


def body_heights(boxes: Tensor, present: Tensor) -> Tensor:
    """Return players' heights in the image: (..., T, 4) left, top, width, height -> (...) pixels.

    The height is the 80th percentile of a player's boxes, because a player who bends, falls or is half hidden
    is no smaller. A player who is never present gets 1 pixel, so that dividing by it is defined.
    """
    tall = torch.where(present, boxes[..., 3], torch.zeros_like(boxes[..., 3]))
    ranked = tall.sort(dim=-1, descending=True).values
    seen = present.sum(-1, keepdim=True)
    rank = ((seen.float() * 0.2).long()).clamp(0, ranked.shape[-1] - 1)
    return ranked.gather(-1, rank)[..., 0].clamp_min(1.0)


def _middle(one: Tensor, other: Tensor) -> Tensor:
    return _with_lower_confidence((one[..., :2] + other[..., :2]) / 2, one, other)


def _with_lower_confidence(xy: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.cat([xy, torch.minimum(one[..., 2:], other[..., 2:])], -1)


def box_distance(boxes: Tensor, ball: Tensor) -> Tensor:
    """Return the distance (...) in pixels of a ball's centre (..., 2) from boxes (..., 4); 0 inside."""
    outside = torch.maximum(boxes[..., :2] - ball, ball - boxes[..., :2] - boxes[..., 2:])
    distance: Tensor = torch.linalg.vector_norm(outside.clamp_min(0), dim=-1)
    return distance
