"""Features of a window of tracks, in units that do not depend on the camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from raasid.datasets.context.batch import WindowBatch
from raasid.datasets.context.body_segments import (
    FAR,
    HIPS,
    POINTS,
    SEGMENTS,
    body_heights,
    body_points,
    box_distance,
    segment_distances,
)

Inputs = Literal["both", "ball", "pose"]
INPUTS: tuple[Inputs, ...] = ("both", "ball", "pose")
_BALL, _POSE, _BOTH = 18, 4 + 5 * POINTS + 7, 13 + 2 * len(SEGMENTS) + 4 * 2
WIDTHS: dict[Inputs, int] = {"ball": _BALL, "pose": _POSE, "both": _BALL + _POSE + _BOTH}
"""Features per player and frame."""
RATE_HZ = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """values: (B, K, T, F), input of a context net; valid: (B, K, T), frames in which a player is present."""

    values: Tensor
    valid: Tensor


def extract_features(windows: WindowBatch, inputs: Inputs) -> Features:
    """Describe each of K players over T frames, with the ball relative to the player.

    Lengths are in heights of the player, velocities in heights per 0.1 s; the ball alone is described in
    its own diameters. For `ball` there is one row without a player.
    """
    ball = _ball(windows)
    if inputs == "ball":
        return Features(ball[:, None], windows.valid[:, None])
    valid = windows.valid[:, None] & windows.present.any(-1, keepdim=True)
    height = body_heights(windows.boxes, windows.present)[..., None]
    body = body_points(windows.joints)
    pose = _pose(windows, body, height)
    if inputs == "pose":
        return Features(pose, valid)
    players = pose.shape[1]
    relative = _ball_and_player(windows, body, height)
    values = torch.cat([ball[:, None].expand(-1, players, -1, -1), pose, relative], -1)
    return Features(values, valid)


def _rate(values: Tensor, known: Tensor) -> Tensor:
    """(..., T, C), known (..., T, 1) -> change from the frame before, per 0.1 s; 0 where one is unknown."""
    both = known[..., 1:, :] & known[..., :-1, :]
    change = (values[..., 1:, :] - values[..., :-1, :]) * both
    return torch.nn.functional.pad(change, (0, 0, 1, 0)) * (RATE_HZ / 10)


def _clamp(values: Tensor, limit: float = 4.0) -> Tensor:
    """Limit values: beyond it they are detector errors more often than not."""
    return values.clamp(-limit, limit)


def _ball(windows: WindowBatch) -> Tensor:
    """(B, T, 18): position about its mean, velocity, acceleration, size, and which frames are known."""
    ball = windows.ball
    known = ball[..., 4:5] > 0
    diameter = (ball[..., 2:4].mean(-1, keepdim=True) * known).sum(-2, keepdim=True)
    diameter = (diameter / known.sum(-2, keepdim=True).clamp_min(1)).clamp_min(2.0)
    middle = (ball[..., :2] * known).sum(-2, keepdim=True) / known.sum(-2, keepdim=True).clamp_min(1)
    position = (ball[..., :2] - middle) / diameter * known
    velocity = _rate(position, known)
    # over two frames the direction before and after a bounce stands out from noise
    turn = _velocity_change(position, known)
    size = ball[..., 2:4] / diameter
    return torch.cat(
        [
            _clamp(position / 10),
            _clamp(velocity / 4),
            _clamp(_rate(velocity, known) / 10),
            _clamp(turn / 4),
            _clamp(torch.linalg.vector_norm(turn, dim=-1, keepdim=True) / 4),
            size * known,
            torch.log2(diameter / 16).expand(-1, size.shape[1], -1),
            ball[..., 4:7],
            windows.valid[..., None].float(),
            (ball[..., :2] / windows.size[:, None] - 0.5) * known,
        ],
        -1,
    )


def _velocity_change(position: Tensor, known: Tensor) -> Tensor:
    """Difference of the velocities over the two frames after and the two before; 0 where one is unknown."""
    ahead = torch.nn.functional.pad(position[..., 2:, :] - position[..., :-2, :], (0, 0, 0, 2))
    behind = torch.nn.functional.pad(position[..., 2:, :] - position[..., :-2, :], (0, 0, 2, 0))
    valid = torch.nn.functional.pad(
        (known[..., 4:, :] & known[..., 2:-2, :] & known[..., :-4, :]), (0, 0, 2, 2)
    )
    return (ahead - behind) * valid


def _pose(windows: WindowBatch, body: Tensor, height: Tensor) -> Tensor:
    """(B, K, T, F): joints about the hips, their velocities and confidences; role and team of the player."""
    confidence = body[..., 2]
    known = confidence > 0
    centre = windows.boxes[..., :2] + windows.boxes[..., 2:] / 2
    hips = torch.where(known[..., HIPS, None], body[..., HIPS, :2], centre)
    scale = height[..., None, None]
    from_hips = (body[..., :2] - hips[..., None, :]) / scale * known[..., None]
    flat = from_hips.flatten(-2)
    # the axis by its number: torch's ONNX exporter mistakes later slices where it is -1
    joint_velocity = _rate((body[..., :2] / scale).flatten(-2), known.repeat_interleave(2, 3))
    present = windows.present[..., None]
    velocity = _rate(centre / height[..., None], present)
    role = torch.nn.functional.one_hot(windows.roles + 1, 5).float()[:, :, None]
    frames = flat.shape[2]
    box = windows.boxes / height[..., None]
    return torch.cat(
        [
            _clamp(velocity),
            box[..., 2:] * present,
            _clamp(flat),
            _clamp(joint_velocity),
            confidence,
            role.expand(-1, -1, frames, -1),
            present.float(),
            windows.score[..., None],
        ],
        -1,
    )


def _ball_and_player(windows: WindowBatch, body: Tensor, player_height: Tensor) -> Tensor:
    """(B, K, T, F): the ball relative to the player, and the other players."""
    ball = windows.ball[:, None].expand(-1, body.shape[1], -1, -1)
    known = (ball[..., 4:5] > 0) & windows.present[..., None]
    height = player_height[..., None]
    hips = torch.where(
        body[..., HIPS, 2:] > 0, body[..., HIPS, :2], windows.boxes[..., :2] + windows.boxes[..., 2:] / 2
    )
    offset = (ball[..., :2] - hips) / height * known
    size = ball[..., 2:4] / height * known
    velocity = _rate(ball[..., :2] / height, known)
    distance, segment_known = segment_distances(body, ball[..., :2])
    radius = ball[..., 2:4].amin(-1, keepdim=True) / 2
    gap = ((distance - radius) / height).clamp_max(FAR)
    gap = torch.where(segment_known & known, gap, torch.full_like(gap, FAR))
    near = torch.exp(-gap.clamp_min(0) * 12)
    closest = gap.amin(-1, keepdim=True)
    return torch.cat(
        [
            _clamp(offset),
            # a ball is 0.22 m wide and a player 1.8 m tall: about 1 where both are equally far away
            size / 0.12,
            (size.prod(-1, keepdim=True).sqrt() / 0.12).clamp_max(4),
            _clamp(velocity),
            _clamp(_rate(velocity, known)),
            _clamp(_velocity_change(ball[..., :2] / height, known) * 2),
            closest.clamp_max(1),
            known.float(),
            gap.clamp_max(1),
            near,
            _other_players(windows, player_height),
        ],
        -1,
    )


def _other_players(windows: WindowBatch, height: Tensor) -> Tensor:
    """(B, K, T, 8): of the two next players: distance to ball and to this player, same team, present."""
    players = windows.boxes.shape[1]
    centre = windows.boxes[..., :2] + windows.boxes[..., 2:] / 2
    to_ball = box_distance(windows.boxes, windows.ball[:, None, :, :2]) / height
    columns = []
    for shift in (1, 2):
        other = [(k + shift) % players for k in range(players)]
        present = windows.present[:, other] & windows.present & (shift < players)
        apart = torch.linalg.vector_norm(centre[:, other] - centre, dim=-1) / height
        team = windows.teams[:, other] == windows.teams
        same = torch.where(windows.teams[:, other] < 0, 0.0, team.float() * 2 - 1)
        columns += [
            to_ball[:, other].clamp_max(FAR) * present,
            apart.clamp_max(FAR) * present,
            same[..., None] * present,
            present.float(),
        ]
    return torch.stack(columns, -1)
