"""From windows of tracks to what a net reads, in units that do not depend on the camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from raasid.datasets.context.batch import Windows
from raasid.datasets.context.body_segments import (
    FAR,
    HIPS,
    POINTS,
    SEGMENTS,
    box_distance,
    gaps,
    heights,
    points,
)

Inputs = Literal["both", "ball", "pose"]
INPUTS: tuple[Inputs, ...] = ("both", "ball", "pose")
_BALL, _POSE, _BOTH = 18, 4 + 5 * POINTS + 7, 13 + 2 * len(SEGMENTS) + 4 * 2
WIDTHS: dict[Inputs, int] = {"ball": _BALL, "pose": _POSE, "both": _BALL + _POSE + _BOTH}
"""Features per player and frame."""
RATE_HZ = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """values: (B, K, T, F); valid: (B, K, T) where there is anything to look at."""

    values: Tensor
    valid: Tensor


def features(windows: Windows, inputs: Inputs) -> Features:
    """Describe each of K players over T frames, the ball as that player meets it.

    Lengths are in heights of the player, velocities in heights per 0.1 s; the ball alone is described in
    its own diameters. With `ball` there is one row, of nobody.
    """
    ball = _ball(windows)
    if inputs == "ball":
        return Features(ball[:, None], windows.valid[:, None])
    valid = windows.valid[:, None] & windows.present.any(-1, keepdim=True)
    height = heights(windows.boxes, windows.present)[..., None]
    body = points(windows.joints)
    pose = _pose(windows, body, height)
    if inputs == "pose":
        return Features(pose, valid)
    players = pose.shape[1]
    together = _together(windows, body, height)
    everything = torch.cat([ball[:, None].expand(-1, players, -1, -1), pose, together], -1)
    return Features(everything, valid)


def _rate(values: Tensor, known: Tensor) -> Tensor:
    """Change from the frame before, per 0.1 s; 0 where either is not known. (..., T, C), (..., T, 1)."""
    both = known[..., 1:, :] & known[..., :-1, :]
    change = (values[..., 1:, :] - values[..., :-1, :]) * both
    return torch.nn.functional.pad(change, (0, 0, 1, 0)) * (RATE_HZ / 10)


def _squash(values: Tensor, limit: float = 4.0) -> Tensor:
    """Values beyond the limit are errors of a detector more often than not."""
    return values.clamp(-limit, limit)


def _ball(windows: Windows) -> Tensor:
    """(B, T, 18): place about its mean, velocity, and how these change; size; what is known of it."""
    ball = windows.ball
    known = ball[..., 4:5] > 0
    diameter = (ball[..., 2:4].mean(-1, keepdim=True) * known).sum(-2, keepdim=True)
    diameter = (diameter / known.sum(-2, keepdim=True).clamp_min(1)).clamp_min(2.0)
    middle = (ball[..., :2] * known).sum(-2, keepdim=True) / known.sum(-2, keepdim=True).clamp_min(1)
    place = (ball[..., :2] - middle) / diameter * known
    speed = _rate(place, known)
    # over two frames the direction before and after a bounce stands out from noise
    wide = _wide(place, known)
    size = ball[..., 2:4] / diameter
    return torch.cat(
        [
            _squash(place / 10),
            _squash(speed / 4),
            _squash(_rate(speed, known) / 10),
            _squash(wide / 4),
            _squash(torch.linalg.vector_norm(wide, dim=-1, keepdim=True) / 4),
            size * known,
            torch.log2(diameter / 16).expand(-1, size.shape[1], -1),
            ball[..., 4:7],
            windows.valid[..., None].float(),
            (ball[..., :2] / windows.size[:, None] - 0.5) * known,
        ],
        -1,
    )


def _wide(place: Tensor, known: Tensor) -> Tensor:
    """How the velocity over the two frames after differs from that over the two before."""
    ahead = torch.nn.functional.pad(place[..., 2:, :] - place[..., :-2, :], (0, 0, 0, 2))
    behind = torch.nn.functional.pad(place[..., 2:, :] - place[..., :-2, :], (0, 0, 2, 0))
    there = torch.nn.functional.pad(
        (known[..., 4:, :] & known[..., 2:-2, :] & known[..., :-4, :]), (0, 0, 2, 2)
    )
    return (ahead - behind) * there


def _pose(windows: Windows, body: Tensor, height: Tensor) -> Tensor:
    """(B, K, T, F): joints about the hips, how they move, how sure they are; who this is."""
    sure = body[..., 2]
    known = sure > 0
    centre = windows.boxes[..., :2] + windows.boxes[..., 2:] / 2
    hips = torch.where(known[..., HIPS, None], body[..., HIPS, :2], centre)
    scale = height[..., None, None]
    about = (body[..., :2] - hips[..., None, :]) / scale * known[..., None]
    flat = about.flatten(-2)
    # the axis by its number: torch's ONNX exporter mistakes later slices where it is -1
    moves = _rate((body[..., :2] / scale).flatten(-2), known.repeat_interleave(2, 3))
    present = windows.present[..., None]
    run = _rate(centre / height[..., None], present)
    role = torch.nn.functional.one_hot(windows.roles + 1, 5).float()[:, :, None]
    frames = flat.shape[2]
    box = windows.boxes / height[..., None]
    return torch.cat(
        [
            _squash(run),
            box[..., 2:] * present,
            _squash(flat),
            _squash(moves),
            sure,
            role.expand(-1, -1, frames, -1),
            present.float(),
            windows.score[..., None],
        ],
        -1,
    )


def _together(windows: Windows, body: Tensor, height: Tensor) -> Tensor:
    """(B, K, T, F): where the ball is to this player, and to the others."""
    ball = windows.ball[:, None].expand(-1, body.shape[1], -1, -1)
    known = (ball[..., 4:5] > 0) & windows.present[..., None]
    tall = height[..., None]
    hips = torch.where(
        body[..., HIPS, 2:] > 0, body[..., HIPS, :2], windows.boxes[..., :2] + windows.boxes[..., 2:] / 2
    )
    offset = (ball[..., :2] - hips) / tall * known
    size = ball[..., 2:4] / tall * known
    speed = _rate(ball[..., :2] / tall, known)
    distance, there = gaps(body, ball[..., :2])
    radius = ball[..., 2:4].amin(-1, keepdim=True) / 2
    gap = ((distance - radius) / tall).clamp_max(FAR)
    gap = torch.where(there & known, gap, torch.full_like(gap, FAR))
    near = torch.exp(-gap.clamp_min(0) * 12)
    closest = gap.amin(-1, keepdim=True)
    return torch.cat(
        [
            _squash(offset),
            # a ball is 0.22 m wide and a player 1.8 m tall: about 1 where both are equally far away
            size / 0.12,
            (size.prod(-1, keepdim=True).sqrt() / 0.12).clamp_max(4),
            _squash(speed),
            _squash(_rate(speed, known)),
            _squash(_wide(ball[..., :2] / tall, known) * 2),
            closest.clamp_max(1),
            known.float(),
            gap.clamp_max(1),
            near,
            _others(windows, height),
        ],
        -1,
    )


def _others(windows: Windows, height: Tensor) -> Tensor:
    """(B, K, T, 8): the two next players: how far from ball and from this one, of the same team, present."""
    players = windows.boxes.shape[1]
    centre = windows.boxes[..., :2] + windows.boxes[..., 2:] / 2
    to_ball = box_distance(windows.boxes, windows.ball[:, None, :, :2]) / height
    away = []
    for turn in (1, 2):
        other = [(k + turn) % players for k in range(players)]
        there = windows.present[:, other] & windows.present & (turn < players)
        apart = torch.linalg.vector_norm(centre[:, other] - centre, dim=-1) / height
        team = windows.teams[:, other] == windows.teams
        same = torch.where(windows.teams[:, other] < 0, 0.0, team.float() * 2 - 1)
        away += [
            to_ball[:, other].clamp_max(FAR) * there,
            apart.clamp_max(FAR) * there,
            same[..., None] * there,
            there.float(),
        ]
    return torch.stack(away, -1)
