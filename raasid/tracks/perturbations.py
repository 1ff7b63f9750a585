"""Random processes in time: errors last for some frames, and one error resembles the next.

Boxes and joints beside their places, by errors that last for some frames.

Tracks broken, joined, and made up: what an association does wrong.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from raasid.footage.keypoints import COUNT, FLIP_INDICES
from raasid.tracks.track_arrays import ClipTracks

Float64s = NDArray[np.float64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def spells(rng: Generator, share: Float64s | float, length: float, shape: tuple[int, ...]) -> Bools:
    """Boolean process of `shape` (…, T), true in `share` of the frames, in spells of about `length` frames.

    share: broadcasts against (…, T); it may change with time. A two-state Markov chain in its steady state;
    spells are longer where the share leaves no room between them.
    """
    p = np.clip(np.broadcast_to(share, shape), 0.0, 0.999)
    stay = np.maximum(1 - 1 / max(length, 1.0), p)
    enter = p * (1 - stay) / (1 - p)
    drawn = rng.random(shape)
    # as `enter` is never above `stay`, a draw below it begins a spell, one above `stay` ends any, and others
    # change nothing: the state is what the last draw that decided has left
    begins, ends = drawn < enter, drawn >= stay
    begins[..., 0] = drawn[..., 0] < p[..., 0]
    ends[..., 0] = ~begins[..., 0]
    at = np.arange(shape[-1])
    began = np.maximum.accumulate(np.where(begins, at, -1), axis=-1)
    ended = np.maximum.accumulate(np.where(ends, at, -1), axis=-1)
    return np.asarray(began > ended)


_AT_ONCE = 128
"""Frames up to which a process is one product of matrices."""


def drift(rng: Generator, correlation: float, shape: tuple[int, ...]) -> Floats:
    """Standard normal process of `shape` (T, …): neighbours in time are correlated, nothing else is."""
    out = rng.standard_normal(shape, np.float32)
    if shape[0] <= _AT_ONCE:
        mixed = _mixing(shape[0], correlation) @ out.reshape(shape[0], -1)
        return np.asarray(mixed.reshape(shape), np.float32)
    new = np.float32(np.sqrt(1 - correlation**2))
    for t in range(1, shape[0]):
        out[t] = np.float32(correlation) * out[t - 1] + new * out[t]
    return out


@lru_cache(16)
def _mixing(frames: int, correlation: float) -> Floats:
    """(T, T) by which independent numbers become a process of first order."""
    lag = np.arange(frames)[:, None] - np.arange(frames)[None]
    weight = np.where(lag >= 0, correlation ** np.maximum(lag, 0), 0.0)
    weight[:, 1:] *= np.sqrt(1 - correlation**2)
    return weight.astype(np.float32)


def heavy(rng: Generator, correlation: float, shape: tuple[int, ...]) -> Floats:
    """Factors of `shape` (T, …) that make normal errors Student's with 4 degrees of freedom: few large ones.

    They change as slowly as the errors do: who is badly seen is so for a while.
    """
    squares = np.square(drift(rng, correlation, (*shape, 4))).sum(axis=-1)
    return np.asarray(np.sqrt(4 / np.maximum(squares, 0.1)), np.float32)


T4_MEDIAN = 0.7407
"""Median of |t| with 4 degrees of freedom: a median error over it is a scale."""


def neighbours(there: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For (…, T): the last place at or before each that is true (-1: none), and the next (T: none)."""
    frames = there.shape[-1]
    at = np.arange(frames)
    before = np.maximum.accumulate(np.where(there, at, -1), axis=-1)
    after = np.minimum.accumulate(np.where(there, at, frames)[..., ::-1], axis=-1)[..., ::-1]
    return before, after


ARM_JOINTS = (5, 6, 7, 8, 9, 10)
"""Shoulders, elbows and wrists."""
SWAPPED = np.array([FLIP_INDICES[j] if j in ARM_JOINTS else j for j in range(COUNT)])
"""Each joint's number where somebody's arms are taken for each other."""


def boxes_moved(tracks: ClipTracks, place: float, size: float, rng: Generator) -> Floats:
    """(P, T, 4) boxes; place: scale of the error in heights, size: of the logarithm of width and height."""
    people, frames = tracks.present.shape
    steps = drift(rng, 0.6, (frames, people, 4)).transpose(1, 0, 2)
    boxes = tracks.boxes.copy()
    grown = np.exp(np.float32(size) * steps[..., 2:])
    boxes[..., :2] += boxes[..., 2:] * (1 - grown) / 2
    boxes[..., :2] += np.float32(place) * tracks.boxes[..., 3:] * steps[..., :2]
    boxes[..., 2:] *= grown
    return boxes


def joints_moved(tracks: ClipTracks, scale: Floats, correlation: float, rng: Generator) -> Floats:
    """(P, T, 17, 3) joints; scale: (P, T, 17) of the error of each coordinate, in heights.

    All joints of a person in a frame are badly seen at once, or none.
    """
    people, frames = tracks.present.shape
    joints = tracks.joints.copy()
    pixels = scale * tracks.boxes[..., 3:] * heavy(rng, correlation, (frames, people)).T[..., None]
    steps = drift(rng, correlation, (frames, people, COUNT, 2)).transpose(1, 0, 2, 3)
    joints[..., :2] += pixels[..., None].astype(np.float32) * steps
    return joints


def arms_swapped(joints: Floats, swapped: Bools) -> Floats:
    """(P, T, 17, 3) with left and right arm exchanged where (P, T) says so."""
    return np.asarray(np.where(swapped[..., None, None], joints[:, :, SWAPPED], joints), np.float32)


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
