"""Tracks at the pace of life: any frame rate, slow motion too, becomes 25 frames per second of play."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from raasid.data.tracks.clip_tracks import ClipTracks, Floats

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
