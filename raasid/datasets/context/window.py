"""Windows of tracks at 25 frames per second of play: the ball and the players next to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from raasid.datasets.context.body_segments import (
    FAR,
    body_heights,
    body_points,
    box_distance,
    segment_distances,
)
from raasid.tracks.track_arrays import Bools, ClipTracks, Floats

RATE_HZ = 25.0
MAX_GAP_S = 0.25
"""Nothing is interpolated between frames further apart than this."""


def resample_to_25hz(tracks: ClipTracks) -> tuple[ClipTracks, NDArray[np.int64]]:
    """Resample tracks of any frame rate or slow motion to 25 Hz; also return the nearest source frames.

    Positions between two frames are interpolated linearly; a ball or player is known where it is known in
    both, and a ball is seen where it is seen in both. Tracks at 25 Hz are returned unchanged.
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
    exact = (share < 0.02) | (share > 0.98)
    near_enough = (times[right] - times[left]) <= MAX_GAP_S

    def known_in_both(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.asarray(
            np.where(exact, known[..., nearest], known[..., left] & known[..., right] & near_enough)
        )

    def interpolated(values: Floats, trailing: int) -> Floats:
        weight = share.reshape((-1,) + (1,) * trailing)
        axis = values.ndim - 1 - trailing
        one, other = np.take(values, left, axis), np.take(values, right, axis)
        return np.asarray(one * (1 - weight) + other * weight, np.float32)

    present, known = known_in_both(tracks.present), known_in_both(tracks.ball_known)
    joints = interpolated(tracks.joints, 2)
    ends = np.take(tracks.joints[..., 2], left, 1), np.take(tracks.joints[..., 2], right, 1)
    joints[..., 2] = np.where(
        exact[:, None], np.take(tracks.joints[..., 2], nearest, 1), np.minimum(ends[0], ends[1])
    )
    joints = np.where(
        (exact[:, None] & np.ones(17, bool))[..., None], np.take(tracks.joints, nearest, 1), joints
    ).astype(np.float32)
    ball = np.where(exact[:, None], tracks.ball[nearest], interpolated(tracks.ball, 1)).astype(np.float32)
    boxes = np.where(exact[:, None], tracks.boxes[:, nearest], interpolated(tracks.boxes, 1))
    return replace(
        tracks,
        frame_rate_hz=RATE_HZ,
        index=np.arange(len(samples), dtype=np.int64),
        ball=ball * known[:, None],
        ball_known=known,
        ball_seen=known_in_both(tracks.ball_seen) & known,
        ball_score=tracks.ball_score[nearest] * known,
        present=present,
        boxes=boxes.astype(np.float32) * present[..., None],
        joints=joints * present[..., None, None],
        score=tracks.score[:, nearest] * present,
    ), nearest


@dataclass(frozen=True, slots=True, eq=False)
class TrackWindow:
    """T frames at 25 Hz, K players; unused rows are zeros and not `present`.

    valid: (T,) whether the clip has that frame. origin: (T,) its position in the clip, -1 if it has none.
    ball: (T, 4) centre x, y, width, height, pixels. ball_known, ball_seen: (T,). ball_score: (T,).
    tracks: (K,) track ids, -1 for unused rows. joints: (K, T, 17, 3). boxes: (K, T, 4).
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
    """Smallest distance of ball and body in the window, in body heights; `FAR` if one of them is unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class ResampledTracks:
    """A clip at 25 Hz, and the distance of the ball from each of its players."""

    tracks: ClipTracks
    origin: NDArray[np.int64]
    distance: Floats
    """(P, T) distance of ball and body in body heights; FAR where one of them is unknown."""

    @classmethod
    def of(cls, tracks: ClipTracks) -> ResampledTracks:
        """Resample a clip and measure its distances."""
        resampled, origin = resample_to_25hz(tracks)
        return cls(resampled, origin, _ball_distances(resampled))

    def closest(self) -> int:
        """Return the frame of the closest approach; a middle one if ball and players are never near."""
        frames = self.distance.shape[1]
        if self.distance.size and float(self.distance.min()) < FAR:
            return int(self.distance.min(0).argmin())
        known = np.flatnonzero(self.tracks.ball_known)
        return int(known[len(known) // 2]) if len(known) else frames // 2

    def approaches(self, max_count: int, min_distance: int) -> list[int]:
        """Return frames of close approaches, closest first, `min_distance` frames apart; at least one."""
        if not self.distance.size:
            return [self.closest()]
        near = self.distance.min(0).copy()
        found: list[int] = []
        while len(found) < max_count and float(near.min()) < FAR:
            frame = int(near.argmin())
            found.append(frame)
            near[max(0, frame - min_distance) : frame + min_distance + 1] = FAR
        return found or [self.closest()]

    def window(self, frames: int, players: int, centre: int, shift: int = 0) -> TrackWindow:
        """Cut `frames` frames around `centre`, with the `players` players nearest to the ball in them.

        As little as possible lies beyond the clip: a clip no longer than the window lies in its middle.
        shift: frames by which the window is moved after that.
        """
        tracks = self.tracks
        total = len(tracks.index)
        start = (
            -((frames - total) // 2) if total <= frames else min(max(centre - frames // 2, 0), total - frames)
        )
        start += shift
        positions = np.arange(start, start + frames)
        valid = (positions >= 0) & (positions < total)
        take = np.clip(positions, 0, max(total - 1, 0))
        if not total:
            return _empty(frames, players, tracks.size)
        chosen, approach = np.zeros(0, np.int64), FAR
        if len(tracks.tracks):
            closest = np.where(valid, self.distance[:, take], FAR).min(1)
            approach = float(closest.min())
            seen = (tracks.present[:, take] & valid).sum(1)
            chosen = np.lexsort((-seen, closest))[:players]
            chosen = chosen[seen[chosen] > 0]
        rows = np.zeros((players, frames), bool)
        rows[: len(chosen)] = tracks.present[chosen][:, take] & valid
        known = tracks.ball_known[take] & valid

        def pixels_of(values: Floats) -> Floats:
            out = np.zeros((players, frames, *values.shape[2:]), np.float32)
            out[: len(chosen)] = values[chosen][:, take]
            return np.asarray(out * rows.reshape(rows.shape + (1,) * (values.ndim - 2)), np.float32)

        def ids_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.concatenate([values[chosen], np.full(players - len(chosen), -1, np.int64)])

        return TrackWindow(
            size=tracks.size,
            valid=valid,
            origin=np.where(valid, self.origin[take], -1),
            ball=np.asarray(tracks.ball[take] * known[:, None], np.float32),
            ball_known=known,
            ball_seen=tracks.ball_seen[take] & known,
            ball_score=np.asarray(tracks.ball_score[take] * known, np.float32),
            tracks=ids_of(tracks.tracks),
            joints=pixels_of(tracks.joints),
            boxes=pixels_of(tracks.boxes),
            present=rows,
            score=pixels_of(tracks.score),
            roles=ids_of(tracks.roles),
            teams=ids_of(tracks.teams),
            approach=approach,
        )


def _ball_distances(tracks: ClipTracks) -> Floats:
    """Return (P, T) distances of ball and body in body heights; FAR where one of them is unknown."""
    if not len(tracks.tracks):
        return np.zeros((0, len(tracks.index)), np.float32)
    joints, boxes = torch.from_numpy(tracks.joints), torch.from_numpy(tracks.boxes)
    present = torch.from_numpy(tracks.present)
    ball = torch.from_numpy(tracks.ball)
    distance, known = segment_distances(body_points(joints), ball[None, :, :2])
    to_joints = torch.where(known, distance, torch.inf).amin(-1)
    # a player without joints is located by the box
    to_box = box_distance(boxes, ball[None, :, :2])
    nearest = torch.where(known.any(-1), to_joints, to_box)
    relative = nearest / body_heights(boxes, present)[:, None]
    known_pair = present & torch.from_numpy(tracks.ball_known)[None]
    relative = torch.where(known_pair, relative, torch.full_like(relative, FAR))
    return np.asarray(relative.clamp_max(FAR).numpy())


def _empty(frames: int, players: int, size: tuple[int, int]) -> TrackWindow:
    no, none = np.zeros(frames, bool), np.full(players, -1, np.int64)
    return TrackWindow(
        size, no, np.full(frames, -1, np.int64), np.zeros((frames, 4), np.float32), no, no,
        np.zeros(frames, np.float32), none, np.zeros((players, frames, 17, 3), np.float32),
        np.zeros((players, frames, 4), np.float32), np.zeros((players, frames), bool),
        np.zeros((players, frames), np.float32), none, none, FAR,
    )  # fmt: skip
