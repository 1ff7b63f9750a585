"""What a context model looks at: the ball and the players next to it, in a short window of time.

Tracks at the pace of life: any frame rate, slow motion too, becomes 25 frames per second of play.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from raasid.datasets.context.body_segments import FAR, box_distance, gaps, heights, points
from raasid.tracks.track_arrays import Bools, ClipTracks, Floats

RATE_HZ = 25.0
LONGEST_GAP_S = 0.25
"""Between frames further apart than this nothing is made up."""


def at_pace(tracks: ClipTracks) -> tuple[ClipTracks, NDArray[np.int64]]:
    """Tracks sampled 25 times per second of play; and which source frame is nearest to each sample.

    Between two frames places are interpolated linearly; a ball or player counts as known where both are,
    and a ball as seen where both are. Tracks at that pace already are given back as they are.
    """
    frames = len(tracks.index)
    if frames == 0:
        return tracks, np.zeros(0, np.int64)
    times = tracks.index / tracks.frame_rate_hz
    steps = np.diff(times) * RATE_HZ
    if frames == 1 or np.abs(steps - 1).max() < 0.02:
        return tracks, np.arange(frames)
    samples = np.arange(times[0], times[-1] + 1e-6, 1 / RATE_HZ)
    right = np.clip(np.searchsorted(times, samples), 1, frames - 1)
    left = right - 1
    share = ((samples - times[left]) / np.maximum(times[right] - times[left], 1e-9)).astype(np.float32)
    share = np.clip(share, 0, 1)
    nearest = np.where(share < 0.5, left, right)
    whole = (share < 0.02) | (share > 0.98)
    bridged = (times[right] - times[left]) <= LONGEST_GAP_S

    def both(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.asarray(
            np.where(whole, known[..., nearest], known[..., left] & known[..., right] & bridged)
        )

    def mixed(values: Floats, trailing: int) -> Floats:
        weight = share.reshape((-1,) + (1,) * trailing)
        axis = values.ndim - 1 - trailing
        one, other = np.take(values, left, axis), np.take(values, right, axis)
        return np.asarray(one * (1 - weight) + other * weight, np.float32)

    present, known = both(tracks.present), both(tracks.ball_known)
    joints = mixed(tracks.joints, 2)
    ends = np.take(tracks.joints[..., 2], left, 1), np.take(tracks.joints[..., 2], right, 1)
    joints[..., 2] = np.where(
        whole[:, None], np.take(tracks.joints[..., 2], nearest, 1), np.minimum(ends[0], ends[1])
    )
    joints = np.where(
        (whole[:, None] & np.ones(17, bool))[..., None], np.take(tracks.joints, nearest, 1), joints
    ).astype(np.float32)
    ball = np.where(whole[:, None], tracks.ball[nearest], mixed(tracks.ball, 1)).astype(np.float32)
    boxes = np.where(whole[:, None], tracks.boxes[:, nearest], mixed(tracks.boxes, 1)).astype(np.float32)
    return replace(
        tracks,
        frame_rate_hz=RATE_HZ,
        index=np.arange(len(samples), dtype=np.int64),
        ball=ball * known[:, None],
        ball_known=known,
        ball_seen=both(tracks.ball_seen) & known,
        ball_score=tracks.ball_score[nearest] * known,
        present=present,
        boxes=boxes * present[..., None],
        joints=joints * present[..., None, None],
        score=tracks.score[:, nearest] * present,
    ), nearest


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """T frames at 25 Hz, K players; rows that nobody fills are zeros and not `present`.

    valid: (T,) whether the clip has that frame. origin: (T,) its position in the clip, -1 where it has none.
    ball: (T, 4) centre x, y, width, height, pixels. ball_known, ball_seen: (T,). ball_score: (T,).
    tracks: (K,) track numbers, -1 for nobody. joints: (K, T, 17, 3). boxes: (K, T, 4).
    present, score: (K, T).
    roles, teams: (K,) as `ClipTracks`.
    """

    size: tuple[int, int]
    valid: Bools
    origin: NDArray[np.int64]
    ball: Floats
    ball_known: Bools
    ball_seen: Bools
    ball_score: Floats
    tracks: NDArray[np.int64]
    joints: Floats
    boxes: Floats
    present: Bools
    score: Floats
    roles: NDArray[np.int64]
    teams: NDArray[np.int64]
    approach: float
    """Smallest distance of ball and body in it, in body heights; `FAR` where one of them is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Paced:
    """A clip at 25 Hz, and how near the ball comes to each of its players."""

    tracks: ClipTracks
    origin: NDArray[np.int64]
    away: Floats
    """(P, T) distance of ball and body in body heights; FAR where one of them is not known."""

    @classmethod
    def of(cls, tracks: ClipTracks) -> Paced:
        """Resample, and measure."""
        paced, origin = at_pace(tracks)
        return cls(paced, origin, _away(paced))

    def closest(self) -> int:
        """The frame of the closest approach; the middle where ball and players never come near each other."""
        frames = self.away.shape[1]
        if self.away.size and float(self.away.min()) < FAR:
            return int(self.away.min(0).argmin())
        known = np.flatnonzero(self.tracks.ball_known)
        return int(known[len(known) // 2]) if len(known) else frames // 2

    def approaches(self, most: int, apart: int) -> list[int]:
        """Frames of close approaches, the closest first, `apart` frames from each other; at least one."""
        if not self.away.size:
            return [self.closest()]
        near = self.away.min(0).copy()
        found: list[int] = []
        while len(found) < most and float(near.min()) < FAR:
            at = int(near.argmin())
            found.append(at)
            near[max(0, at - apart) : at + apart + 1] = FAR
        return found or [self.closest()]

    def window(self, frames: int, players: int, centre: int, shift: int = 0) -> Window:
        """Cut `frames` frames round one, with the `players` who come nearest to the ball in them.

        As little as possible lies beyond the clip: a clip no longer than the window is in its middle, whole.
        shift: frames by which the window is moved after that.
        """
        tracks = self.tracks
        total = len(tracks.index)
        start = (
            -((frames - total) // 2) if total <= frames else min(max(centre - frames // 2, 0), total - frames)
        )
        start += shift
        at = np.arange(start, start + frames)
        valid = (at >= 0) & (at < total)
        take = np.clip(at, 0, max(total - 1, 0))
        if not total:
            return _empty(frames, players, tracks.size)
        chosen, approach = np.zeros(0, np.int64), FAR
        if len(tracks.tracks):
            away = np.where(valid, self.away[:, take], FAR).min(1)
            approach = float(away.min())
            seen = (tracks.present[:, take] & valid).sum(1)
            chosen = np.lexsort((-seen, away))[:players]
            chosen = chosen[seen[chosen] > 0]
        rows = np.zeros((players, frames), bool)
        rows[: len(chosen)] = tracks.present[chosen][:, take] & valid
        known = tracks.ball_known[take] & valid

        def placed(values: Floats) -> Floats:
            out = np.zeros((players, frames, *values.shape[2:]), np.float32)
            out[: len(chosen)] = values[chosen][:, take]
            return np.asarray(out * rows.reshape(rows.shape + (1,) * (values.ndim - 2)), np.float32)

        def named(values: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.concatenate([values[chosen], np.full(players - len(chosen), -1, np.int64)])

        return Window(
            size=tracks.size,
            valid=valid,
            origin=np.where(valid, self.origin[take], -1),
            ball=np.asarray(tracks.ball[take] * known[:, None], np.float32),
            ball_known=known,
            ball_seen=tracks.ball_seen[take] & known,
            ball_score=np.asarray(tracks.ball_score[take] * known, np.float32),
            tracks=named(tracks.tracks),
            joints=placed(tracks.joints),
            boxes=placed(tracks.boxes),
            present=rows,
            score=placed(tracks.score),
            roles=named(tracks.roles),
            teams=named(tracks.teams),
            approach=approach,
        )


def _away(tracks: ClipTracks) -> Floats:
    if not len(tracks.tracks):
        return np.zeros((0, len(tracks.index)), np.float32)
    joints, boxes = torch.from_numpy(tracks.joints), torch.from_numpy(tracks.boxes)
    present = torch.from_numpy(tracks.present)
    ball = torch.from_numpy(tracks.ball)
    distance, known = gaps(points(joints), ball[None, :, :2])
    to_joints = torch.where(known, distance, torch.inf).amin(-1)
    # somebody without joints is a box
    to_box = box_distance(boxes, ball[None, :, :2])
    nearest = torch.where(known.any(-1), to_joints, to_box)
    away = nearest / heights(boxes, present)[:, None]
    there = present & torch.from_numpy(tracks.ball_known)[None]
    return np.asarray(torch.where(there, away, torch.full_like(away, FAR)).clamp_max(FAR).numpy())


def _empty(frames: int, players: int, size: tuple[int, int]) -> Window:
    no, none = np.zeros(frames, bool), np.full(players, -1, np.int64)
    return Window(
        size, no, np.full(frames, -1, np.int64), np.zeros((frames, 4), np.float32), no, no,
        np.zeros(frames, np.float32), none, np.zeros((players, frames, 17, 3), np.float32),
        np.zeros((players, frames, 4), np.float32), np.zeros((players, frames), bool),
        np.zeros((players, frames), np.float32), none, none, FAR,
    )  # fmt: skip
