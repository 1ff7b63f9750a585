"""Tracks broken, joined, and made up: what an association does wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from raasid.data.tracks.clip_tracks import ClipTracks


def renumbered(tracks: ClipTracks, breaks: float, merges: float, rng: Generator) -> ClipTracks:
    """Break tracks in two, or let one take another's number over; chances per frame and person."""
    people, frames = tracks.present.shape
    for merge, chance in ((False, breaks), (True, merges)):
        drawn = rng.random((people, frames))
        for row, t in zip(*np.nonzero((drawn < chance) & tracks.present[:people]), strict=True):
            if t > 0:
                tracks = (_swapped if merge else _broken)(tracks, int(row), int(t))
    return tracks


def _broken(tracks: ClipTracks, row: int, t: int) -> ClipTracks:
    """From frame t on, somebody is somebody new."""
    grown = rows_of(tracks, np.array([*range(len(tracks.tracks)), row]))
    grown.present[row, t:] = grown.present[-1, :t] = False
    for values in (grown.boxes, grown.joints, grown.score):
        values[row, t:] = values[-1, :t] = 0
    grown.tracks[-1] = tracks.tracks.max() + 1
    return grown


def _swapped(tracks: ClipTracks, row: int, t: int) -> ClipTracks:
    """From frame t on, two who are near each other go under each other's number."""
    apart = np.abs(tracks.boxes[:, t, 0] - tracks.boxes[row, t, 0])
    apart = np.where(tracks.present[:, t], apart, np.inf)
    apart[row] = np.inf
    other = int(apart.argmin())
    if not np.isfinite(apart[other]):
        return tracks
    out = rows_of(tracks, np.arange(len(tracks.tracks)))
    for values in (out.present, out.boxes, out.joints, out.score):
        values[[row, other], t:] = values[[other, row], t:]
    return out


def with_ghost(tracks: ClipTracks, per_frame: float, rng: Generator) -> ClipTracks:
    """Perhaps add somebody who is not there, for a while: shaped like one who is, elsewhere."""
    frames = len(tracks.index)
    length = max(2, round(frames / 3))
    if rng.random() >= min(1.0, per_frame * frames / length):
        return tracks
    model = int(rng.integers(len(tracks.tracks)))
    out = rows_of(tracks, np.array([*range(len(tracks.tracks)), model]))
    begin = int(rng.integers(max(1, frames - length + 1)))
    out.present[-1, :begin] = out.present[-1, begin + length :] = False
    off = rng.uniform(-1, 1, 2).astype(np.float32) * np.array(tracks.size, np.float32) / 2
    out.boxes[-1, :, :2] += off
    out.joints[-1, :, :, :2] += off
    out.boxes[-1][~out.present[-1]] = 0
    out.joints[-1][~out.present[-1]] = 0
    out.tracks[-1] = tracks.tracks.max() + 1
    out.roles[-1], out.teams[-1] = 0, -1
    return out


def rows_of(tracks: ClipTracks, rows: NDArray[np.int64]) -> ClipTracks:
    """Some tracks, in the order of `rows`; copies."""
    return replace(
        tracks,
        tracks=tracks.tracks[rows],
        present=tracks.present[rows],
        boxes=tracks.boxes[rows],
        joints=tracks.joints[rows],
        score=tracks.score[rows],
        roles=tracks.roles[rows],
        teams=tracks.teams[rows],
    )
