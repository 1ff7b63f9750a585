"""How near the ball comes to an arm, frame by frame: where to look, and what the timeline shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.tracks.track_arrays import ClipTracks

Floats = NDArray[np.float32]
ARM_JOINTS = {"left": (5, 7, 9), "right": (6, 8, 10)}
"""Shoulder, elbow, wrist, in COCO's order."""
_HAND = 0.3
"""A hand reaches beyond the wrist by this share of the forearm."""
_SIDES = ("left", "right")


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """T frames; of the arm next to the ball. NaN and -1 where there is no ball, or no arm is known.

    gap_px: (T,) from the ball's edge to the arm, 0 on touch. gap: (T,) the same in lengths of that arm.
    arm_px: (T,) that length, shoulder to wrist. track: (T,) the player. side: (T,) 0 left, 1 right.
    joints: (T,) how many of the arm's three joints were found. seen, known: (T,) of the ball.
    ball: (T,) the ball's smaller side in heights of that player; motion blur makes only the larger one grow.
    people: (T,) players in the frame. tall_px: (T,) the median of their heights.
    """

    gap_px: Floats
    gap: Floats
    arm_px: Floats
    track: NDArray[np.int64]
    side: NDArray[np.int64]
    joints: NDArray[np.int64]
    seen: NDArray[np.bool_]
    known: NDArray[np.bool_]
    people: NDArray[np.int64]
    ball: Floats
    tall_px: Floats

    @classmethod
    def joined(cls, parts: Sequence[Reach]) -> Reach:
        """One after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))

    def part(self, start: int, stop: int) -> Reach:
        """Frames start to stop - 1."""
        return Reach(*(getattr(self, name)[start:stop] for name in self.__slots__))

    def nearest(self) -> int | None:
        """Return the frame of the smallest gap; among equals the one with the ball seen, then the first."""
        if not np.isfinite(self.gap).any():
            return None
        hidden = np.where(self.seen, 0.0, 1e-3)
        return int(np.nanargmin(self.gap + hidden))

    @property
    def side_names(self) -> list[str]:
        """Return left, right or none for each frame."""
        return [_SIDES[side] if side >= 0 else "none" for side in self.side]


def reach_of(tracks: ClipTracks) -> Reach:
    """Measure every arm in every frame; the nearest is kept."""
    frames, people = len(tracks.index), len(tracks.tracks)
    present = tracks.present.sum(axis=0, dtype=np.int64) if people else np.zeros(frames, np.int64)
    nothing = np.full(frames, np.nan, np.float32)
    nobody = np.full(frames, -1, np.int64)
    if not people or not frames:
        blank = np.zeros(frames, np.int64)
        return Reach(
            nothing,
            nothing,
            nothing,
            nobody,
            nobody,
            blank,
            tracks.ball_seen,
            tracks.ball_known,
            present,
            nothing,
            nothing,
        )
    sides = [_arm(tracks, ARM_JOINTS[side]) for side in _SIDES]
    gap = np.stack([gap for gap, _, _ in sides])  # (2, P, T)
    length = np.stack([np.broadcast_to(arm[:, None], gap.shape[1:]) for _, arm, _ in sides])
    joints = np.stack([count for _, _, count in sides])
    edge = np.maximum(gap - tracks.ball[None, None, :, 2:].max(axis=-1) / 2, 0.0)
    edge[:, ~tracks.present | ~tracks.ball_known[None]] = np.nan
    # the rule is the gap in arms: a far player in front of the ball is nearer in pixels alone
    flat = (edge / length).reshape(2 * people, frames)
    best = np.where(np.isfinite(flat), flat, np.inf).argmin(axis=0)
    at = best, np.arange(frames)
    found = np.isfinite(flat[at])
    tall = tracks.boxes[best % people, np.arange(frames), 3]
    return Reach(
        gap_px=np.where(found, edge.reshape(2 * people, frames)[at], np.nan).astype(np.float32),
        gap=np.where(found, flat[at], np.nan).astype(np.float32),
        arm_px=np.where(found, length.reshape(2 * people, frames)[at], np.nan).astype(np.float32),
        track=np.where(found, tracks.tracks[best % people], -1),
        side=np.where(found, best // people, -1),
        joints=np.where(found, joints.reshape(2 * people, frames)[at], 0),
        seen=tracks.ball_seen,
        known=tracks.ball_known,
        people=present,
        ball=np.where(found, tracks.ball[:, 2:].min(axis=-1) / np.maximum(tall, 1.0), np.nan),
        tall_px=_of_rows(np.where(tracks.present, tracks.boxes[..., 3], np.nan).T, 50).astype(np.float32),
    )


def _arm(tracks: ClipTracks, joints: tuple[int, int, int]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Distance (P, T) of the ball's centre from one arm; the arm's length (P,); joints known (P, T)."""
    shoulder, elbow, wrist = (tracks.joints[:, :, joint, :2] for joint in joints)
    known = tracks.joints[:, :, joints, 2] > 0  # (P, T, 3)
    ball = tracks.ball[None, :, :2]
    hand = wrist + _HAND * (wrist - elbow)
    upper = np.where(known[..., 0] & known[..., 1], _distance(ball, shoulder, elbow), np.nan)
    fore = np.where(known[..., 1] & known[..., 2], _distance(ball, elbow, hand), np.nan)
    gap = np.fmin(upper, fore)
    bones = np.linalg.norm(elbow - shoulder, axis=-1) + np.linalg.norm(wrist - elbow, axis=-1)
    reaches = np.where(known.all(axis=-1), bones, np.nan)
    length = _of_rows(reaches, 90)
    # an arm that is never seen whole: about a third of the person's height
    tall = _of_rows(np.where(tracks.present, tracks.boxes[..., 3], np.nan), 50)
    length = np.where(np.isfinite(length), length, 0.33 * tall)
    return gap.astype(np.float32), np.maximum(length, 1.0).astype(np.float32), known.sum(axis=-1)


def _of_rows(values: Floats, percentile: float) -> Floats:
    """Percentile of what is known of each row; NaN where nothing is."""
    known = np.isfinite(values).any(axis=1)
    found = np.full(len(values), np.nan, np.float32)
    if known.any():
        found[known] = np.nanpercentile(values[known], percentile, axis=1)
    return found


def _distance(point: Floats, a: Floats, b: Floats) -> Floats:
    """Distance of points from segments, over the last axis."""
    along = b - a
    square = np.maximum((along**2).sum(axis=-1), 1e-9)
    share = np.clip(((point - a) * along).sum(axis=-1) / square, 0.0, 1.0)
    nearest: Floats = a + share[..., None] * along
    return np.asarray(np.linalg.norm(point - nearest, axis=-1), np.float32)
