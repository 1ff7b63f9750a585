"""Distance between the ball and the nearest arm, frame by frame, and the windows around its minima."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.tracks.track_arrays import ClipTracks

Float32s = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ARM_JOINTS = {"left": (5, 7, 9), "right": (6, 8, 10)}
"""Shoulder, elbow, wrist, in COCO's order."""
NEAR_ARMS = 1.0
"""Gap in arm lengths beyond which a moment becomes a window only if there is no nearer one."""
_SIDES = ("left", "right")
_HAND = 0.3
"""A hand reaches beyond the wrist by this share of the forearm."""
_ARM_OF_HEIGHT = 0.33
"""Length of an arm as a share of the person's height, for arms that are never seen whole."""


@dataclass(frozen=True, slots=True, eq=False)
class ArmDistance:
    """The arm next to the ball in each of T frames; NaN and -1 without a ball or a known arm.

    gap_px: (T,) from the ball's edge to the arm, 0 on touch. gap: (T,) the same in lengths of that arm.
    arm_px: (T,) that length, shoulder to wrist. track: (T,) the player. side: (T,) 0 left, 1 right.
    joints: (T,) how many of the arm's three joints were found.
    ball_seen, ball_known: (T,) whether the ball was detected; detected or interpolated.
    ball_size: (T,) the ball's smaller side in heights of that player; motion blur grows only the larger one.
    people: (T,) players in the frame. height_px: (T,) the median of their heights.
    """

    gap_px: Float32s
    gap: Float32s
    arm_px: Float32s
    track: Ints
    side: Ints
    joints: Ints
    ball_seen: Bools
    ball_known: Bools
    people: Ints
    ball_size: Float32s
    height_px: Float32s

    @classmethod
    def concatenate(cls, parts: Sequence[ArmDistance]) -> ArmDistance:
        """Join consecutive parts of a clip."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))

    def part(self, start: int, stop: int) -> ArmDistance:
        """Frames start to stop - 1."""
        return ArmDistance(*(getattr(self, name)[start:stop] for name in self.__slots__))

    def nearest(self) -> int | None:
        """Return the frame of the smallest gap; of equals one with a visible ball, then the first."""
        if not np.isfinite(self.gap).any():
            return None
        return int(np.nanargmin(self.gap + self._hidden_penalty()))

    def by_gap(self) -> Ints:
        """Return the frames with a known gap, the nearest first; ties as in `nearest`."""
        order = np.argsort(self.gap + self._hidden_penalty(), kind="stable")
        return order[np.isfinite(self.gap[order])]

    @property
    def side_names(self) -> list[str]:
        """Return left, right or none for each frame."""
        return [_SIDES[side] if side >= 0 else "none" for side in self.side]

    def _hidden_penalty(self) -> NDArray[np.float64]:
        return np.where(self.ball_seen, 0.0, 1e-3)


def measure_arm_distance(tracks: ClipTracks) -> ArmDistance:
    """Measure the distance of the ball from every arm in every frame, and keep the nearest arm."""
    frames, people = len(tracks.index), len(tracks.tracks)
    num_people = tracks.present.sum(axis=0, dtype=np.int64) if people else np.zeros(frames, np.int64)
    if not people or not frames:
        return _without_arms(tracks, num_people)
    sides = [_measure_side(tracks, ARM_JOINTS[side]) for side in _SIDES]
    gap = np.stack([gap for gap, _, _ in sides])  # (2, P, T)
    length = np.stack([np.broadcast_to(arm[:, None], gap.shape[1:]) for _, arm, _ in sides])
    joints = np.stack([count for _, _, count in sides])
    edge = np.maximum(gap - tracks.ball[None, None, :, 2:].max(axis=-1) / 2, 0.0)
    edge[:, ~tracks.present | ~tracks.ball_known[None]] = np.nan
    # compare gaps in arm lengths: in pixels a distant player in front of the ball would be nearer
    relative = (edge / length).reshape(2 * people, frames)
    best = np.where(np.isfinite(relative), relative, np.inf).argmin(axis=0)
    at = best, np.arange(frames)
    found = np.isfinite(relative[at])
    height = tracks.boxes[best % people, np.arange(frames), 3]
    return ArmDistance(
        gap_px=np.where(found, edge.reshape(2 * people, frames)[at], np.nan).astype(np.float32),
        gap=np.where(found, relative[at], np.nan).astype(np.float32),
        arm_px=np.where(found, length.reshape(2 * people, frames)[at], np.nan).astype(np.float32),
        track=np.where(found, tracks.tracks[best % people], -1),
        side=np.where(found, best // people, -1),
        joints=np.where(found, joints.reshape(2 * people, frames)[at], 0),
        ball_seen=tracks.ball_seen,
        ball_known=tracks.ball_known,
        people=num_people,
        ball_size=np.where(found, tracks.ball[:, 2:].min(axis=-1) / np.maximum(height, 1.0), np.nan),
        height_px=_row_percentile(_heights(tracks).T, 50).astype(np.float32),
    )


def _without_arms(tracks: ClipTracks, people: Ints) -> ArmDistance:
    frames = len(tracks.index)
    nan = np.full(frames, np.nan, np.float32)
    unknown, zero = np.full(frames, -1, np.int64), np.zeros(frames, np.int64)
    return ArmDistance(
        gap_px=nan,
        gap=nan,
        arm_px=nan,
        track=unknown,
        side=unknown,
        joints=zero,
        ball_seen=tracks.ball_seen,
        ball_known=tracks.ball_known,
        people=people,
        ball_size=nan,
        height_px=nan,
    )


def _measure_side(tracks: ClipTracks, joints: tuple[int, int, int]) -> tuple[Float32s, Float32s, Ints]:
    """Distance (P, T) of the ball's centre from one arm; the arm's length (P,); joints found (P, T)."""
    shoulder, elbow, wrist = (tracks.joints[:, :, joint, :2] for joint in joints)
    known = tracks.joints[:, :, joints, 2] > 0  # (P, T, 3)
    ball = tracks.ball[None, :, :2]
    fingertip = wrist + _HAND * (wrist - elbow)
    upper = np.where(known[..., 0] & known[..., 1], _segment_distance(ball, shoulder, elbow), np.nan)
    fore = np.where(known[..., 1] & known[..., 2], _segment_distance(ball, elbow, fingertip), np.nan)
    gap = np.fmin(upper, fore)
    bones = np.linalg.norm(elbow - shoulder, axis=-1) + np.linalg.norm(wrist - elbow, axis=-1)
    length = _row_percentile(np.where(known.all(axis=-1), bones, np.nan), 90)
    length = np.where(np.isfinite(length), length, _ARM_OF_HEIGHT * _row_percentile(_heights(tracks), 50))
    return gap.astype(np.float32), np.maximum(length, 1.0).astype(np.float32), known.sum(axis=-1)


def _heights(tracks: ClipTracks) -> Float32s:
    """(P, T) heights of the boxes; NaN where a person is absent."""
    return np.where(tracks.present, tracks.boxes[..., 3], np.nan)


def _row_percentile(values: Float32s, percentile: float) -> Float32s:
    """Percentile of the known values of each row; NaN for rows without any."""
    known = np.isfinite(values).any(axis=1)
    found = np.full(len(values), np.nan, np.float32)
    if known.any():
        found[known] = np.nanpercentile(values[known], percentile, axis=1)
    return found


def _segment_distance(point: Float32s, a: Float32s, b: Float32s) -> Float32s:
    """Distance of points from the segments a to b, over the last axis."""
    along = b - a
    square = np.maximum((along**2).sum(axis=-1), 1e-9)
    share = np.clip(((point - a) * along).sum(axis=-1) / square, 0.0, 1.0)
    nearest: Float32s = a + share[..., None] * along
    return np.asarray(np.linalg.norm(point - nearest, axis=-1), np.float32)


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames start to stop - 1 of a clip, around the approach at frame `nearest`."""

    start: int
    stop: int
    nearest: int


@dataclass(frozen=True, slots=True)
class SelectedWindows:
    """The windows to judge, in order of time, and the number of approaches beyond the limit."""

    windows: tuple[FrameRange, ...]
    passed_over: int


def select_windows(
    arm_distance: ArmDistance, frame_rate_hz: float, window_s: float, max_windows: int
) -> SelectedWindows:
    """Select the nearest approaches, each outside the windows of nearer ones; none without a known gap."""
    frames = len(arm_distance.gap)
    length = min(max(1, round(window_s * frame_rate_hz)), frames)
    covered = np.zeros(frames, bool)
    chosen: list[int] = []
    passed_over = 0
    for at in map(int, arm_distance.by_gap()):
        if chosen and arm_distance.gap[at] > NEAR_ARMS:
            break
        if covered[at]:
            continue
        # frames before and after a minimum belong to the same approach
        window = _window_at(at, length, frames)
        covered[window.start : window.stop] = True
        if len(chosen) < max_windows:
            chosen.append(at)
        else:
            passed_over += 1
    return SelectedWindows(tuple(_window_at(at, length, frames) for at in sorted(chosen)), passed_over)


def _window_at(at: int, length: int, frames: int) -> FrameRange:
    start = min(max(0, at - length // 2), frames - length)
    return FrameRange(start, start + length, at)
