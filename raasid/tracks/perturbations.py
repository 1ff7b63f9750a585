"""Random processes in time, and the errors that they put into boxes, joints and track ids."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from raasid.footage.keypoints import FLIP_INDICES, NUM_KEYPOINTS
from raasid.tracks.track_arrays import ClipTracks

Float64s = NDArray[np.float64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
T4_MEDIAN = 0.7407
"""Median of |t| with 4 degrees of freedom: the median error divided by it is the scale."""
ARM_JOINTS = (5, 6, 7, 8, 9, 10)
"""Shoulders, elbows and wrists."""
ARMS_SWAPPED = np.array([FLIP_INDICES[j] if j in ARM_JOINTS else j for j in range(NUM_KEYPOINTS)])
"""Index of each joint when left and right arm are exchanged."""
_MAX_MATRIX_FRAMES = 128
"""Frames up to which a process is computed as one matrix product."""


def markov_runs(rng: Generator, share: Float64s | float, length: float, shape: tuple[int, ...]) -> Bools:
    """Sample a boolean process (…, T), true in `share` of the frames, in runs of `length` frames on average.

    share: broadcasts against (…, T); it may change with time. A two-state Markov chain in its steady state;
    runs are longer where the share leaves no room between them.
    """
    p = np.clip(np.broadcast_to(share, shape), 0.0, 0.999)
    stay = np.maximum(1 - 1 / max(length, 1.0), p)
    enter = p * (1 - stay) / (1 - p)
    drawn = rng.random(shape)
    # `enter` is never above `stay`: a draw below `enter` begins a run, one above `stay` ends any, and others
    # change nothing: the state is that of the last draw that begins or ends a run
    begins, ends = drawn < enter, drawn >= stay
    begins[..., 0] = drawn[..., 0] < p[..., 0]
    ends[..., 0] = ~begins[..., 0]
    at = np.arange(shape[-1])
    began = np.maximum.accumulate(np.where(begins, at, -1), axis=-1)
    ended = np.maximum.accumulate(np.where(ends, at, -1), axis=-1)
    return np.asarray(began > ended)


def autoregressive_noise(rng: Generator, correlation: float, shape: tuple[int, ...]) -> Floats:
    """Sample a standard normal process of `shape` (T, …) that is correlated in time alone."""
    out = rng.standard_normal(shape, np.float32)
    if shape[0] <= _MAX_MATRIX_FRAMES:
        mixed = _mixing_matrix(shape[0], correlation) @ out.reshape(shape[0], -1)
        return np.asarray(mixed.reshape(shape), np.float32)
    new = np.float32(np.sqrt(1 - correlation**2))
    for t in range(1, shape[0]):
        out[t] = np.float32(correlation) * out[t - 1] + new * out[t]
    return out


@lru_cache(16)
def _mixing_matrix(frames: int, correlation: float) -> Floats:
    """Return the (T, T) matrix that turns independent numbers into a first-order process."""
    lag = np.arange(frames)[:, None] - np.arange(frames)[None]
    weight = np.where(lag >= 0, correlation ** np.maximum(lag, 0), 0.0)
    weight[:, 1:] *= np.sqrt(1 - correlation**2)
    return weight.astype(np.float32)


def student_t_scale(rng: Generator, correlation: float, shape: tuple[int, ...]) -> Floats:
    """Sample factors of `shape` (T, …) that turn normal errors into Student's t with 4 degrees of freedom.

    They are correlated in time as the errors are, because a badly visible person stays so for a while.
    """
    squares = np.square(autoregressive_noise(rng, correlation, (*shape, 4))).sum(axis=-1)
    return np.asarray(np.sqrt(4 / np.maximum(squares, 0.1)), np.float32)


def previous_and_next(present: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each of (…, T) the last true index up to it (-1: none) and the next from it on (T: none)."""
    frames = present.shape[-1]
    at = np.arange(frames)
    before = np.maximum.accumulate(np.where(present, at, -1), axis=-1)
    after = np.minimum.accumulate(np.where(present, at, frames)[..., ::-1], axis=-1)[..., ::-1]
    return before, after


def perturb_boxes(tracks: ClipTracks, position: float, size: float, rng: Generator) -> Floats:
    """Return displaced and resized (P, T, 4) boxes.

    position: scale of the error in heights. size: scale of the error of the logarithm of width and height.
    """
    people, frames = tracks.present.shape
    steps = autoregressive_noise(rng, 0.6, (frames, people, 4)).transpose(1, 0, 2)
    boxes = tracks.boxes.copy()
    grown = np.exp(np.float32(size) * steps[..., 2:])
    boxes[..., :2] += boxes[..., 2:] * (1 - grown) / 2
    boxes[..., :2] += np.float32(position) * tracks.boxes[..., 3:] * steps[..., :2]
    boxes[..., 2:] *= grown
    return boxes


def perturb_joints(tracks: ClipTracks, scale: Floats, correlation: float, rng: Generator) -> Floats:
    """Return displaced (P, T, 17, 3) joints; scale: (P, T, 17) of the error of each coordinate, in heights.

    The joints of a person in a frame share their large errors.
    """
    people, frames = tracks.present.shape
    joints = tracks.joints.copy()
    pixels = scale * tracks.boxes[..., 3:] * student_t_scale(rng, correlation, (frames, people)).T[..., None]
    steps = autoregressive_noise(rng, correlation, (frames, people, NUM_KEYPOINTS, 2)).transpose(1, 0, 2, 3)
    joints[..., :2] += pixels[..., None].astype(np.float32) * steps
    return joints


def swap_arms(joints: Floats, swapped: Bools) -> Floats:
    """Return (P, T, 17, 3) with left and right arm exchanged where (P, T) `swapped` is true."""
    return np.asarray(np.where(swapped[..., None, None], joints[:, :, ARMS_SWAPPED], joints), np.float32)


def break_and_merge_tracks(tracks: ClipTracks, breaks: float, merges: float, rng: Generator) -> ClipTracks:
    """Break tracks in two, and let tracks exchange ids; probabilities per frame and person."""
    people, frames = tracks.present.shape
    for merge, probability in ((False, breaks), (True, merges)):
        drawn = rng.random((people, frames))
        for row, t in zip(*np.nonzero((drawn < probability) & tracks.present[:people]), strict=True):
            if t > 0:
                tracks = (_exchange_ids if merge else _break)(tracks, int(row), int(t))
    return tracks


def _break(tracks: ClipTracks, row: int, t: int) -> ClipTracks:
    """Give a track a new id from frame t on."""
    grown = select_tracks(tracks, np.array([*range(len(tracks.tracks)), row]))
    grown.present[row, t:] = grown.present[-1, :t] = False
    for values in (grown.boxes, grown.joints, grown.score):
        values[row, t:] = values[-1, :t] = 0
    grown.tracks[-1] = tracks.tracks.max() + 1
    return grown


def _exchange_ids(tracks: ClipTracks, row: int, t: int) -> ClipTracks:
    """Exchange the ids of a track and its nearest neighbour from frame t on."""
    apart = np.abs(tracks.boxes[:, t, 0] - tracks.boxes[row, t, 0])
    apart = np.where(tracks.present[:, t], apart, np.inf)
    apart[row] = np.inf
    other = int(apart.argmin())
    if not np.isfinite(apart[other]):
        return tracks
    out = select_tracks(tracks, np.arange(len(tracks.tracks)))
    for values in (out.present, out.boxes, out.joints, out.score):
        values[[row, other], t:] = values[[other, row], t:]
    return out


def add_false_track(tracks: ClipTracks, per_frame: float, rng: Generator) -> ClipTracks:
    """With some probability, add a false track for a while: a copy of a person at another position."""
    frames = len(tracks.index)
    length = max(2, round(frames / 3))
    if rng.random() >= min(1.0, per_frame * frames / length):
        return tracks
    model = int(rng.integers(len(tracks.tracks)))
    out = select_tracks(tracks, np.array([*range(len(tracks.tracks)), model]))
    begin = int(rng.integers(max(1, frames - length + 1)))
    out.present[-1, :begin] = out.present[-1, begin + length :] = False
    offset = rng.uniform(-1, 1, 2).astype(np.float32) * np.array(tracks.size, np.float32) / 2
    out.boxes[-1, :, :2] += offset
    out.joints[-1, :, :, :2] += offset
    out.boxes[-1][~out.present[-1]] = 0
    out.joints[-1][~out.present[-1]] = 0
    out.tracks[-1] = tracks.tracks.max() + 1
    out.roles[-1], out.teams[-1] = 0, -1
    return out


def select_tracks(tracks: ClipTracks, rows: NDArray[np.int64]) -> ClipTracks:
    """Return copies of some tracks, in the order of `rows`."""
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
