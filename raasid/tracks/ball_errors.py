"""Errors of ball detectors: balls that are missed, false, displaced or of a wrong size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from raasid.tracks.perturbations import (
    autoregressive_noise,
    markov_runs,
    previous_and_next,
    student_t_scale,
)
from raasid.tracks.track_arrays import Bools, ClipTracks, Floats


@dataclass(frozen=True, slots=True)
class BallErrors:
    """Rates and scales of a ball detector's errors.

    Shares are of frames; positions and sizes are relative to the ball's own size.
    """

    missed: tuple[float, float, float] = (0.03, 0.06, 0.85)
    """Share of balls that are missed: free ones, ones inside a person's box, hidden ones."""
    missed_length: float = 2.0
    """Mean length of a run of missed frames."""
    false: float = 0.005
    """Share of frames in which something else is detected as the ball."""
    false_length: float = 2.0
    position: float = 0.025
    """Scale of the error of each coordinate."""
    position_correlation: float = 0.5
    """Correlation with the next frame's error."""
    size_bias: float = 0.02
    """Bias of the logarithm of width and height."""
    size: float = 0.07
    """Scale of the error of that logarithm."""
    score: tuple[float, float] = (0.9, 0.1)
    """Mean and standard deviation of the confidence."""
    max_gap_s: float = 0.4
    """Longest gap that is interpolated."""


def ball_near_person(tracks: ClipTracks) -> Bools:
    """Return (T,) whether there is a ball and it lies within a person's box."""
    if not len(tracks.tracks):
        return np.zeros(len(tracks.index), bool)
    corner, edge = tracks.boxes[..., :2], tracks.boxes[..., 2:]
    inside = ((tracks.ball[None, :, :2] >= corner) & (tracks.ball[None, :, :2] <= corner + edge)).all(axis=2)
    return np.asarray((inside & tracks.present).any(axis=0) & tracks.ball_known)


def perturb_ball(tracks: ClipTracks, errors: BallErrors, rng: Generator) -> ClipTracks:
    """Return the clip with its ball as a detector would have predicted it."""
    frames = len(tracks.index)
    if not frames:
        return tracks
    hidden = tracks.ball_known & ~tracks.ball_seen
    free, near, covered = errors.missed
    share = np.where(hidden, covered, np.where(ball_near_person(tracks), near, free))
    missed = markov_runs(rng, share, errors.missed_length, (frames,))
    false = markov_runs(rng, errors.false, errors.false_length, (frames,))
    size = np.sqrt(tracks.ball[:, 2] * tracks.ball[:, 3])
    size = np.where(size > 0, size, np.float32(tracks.size[0] / 64))[:, None]
    ball = tracks.ball.copy()
    correlation = errors.position_correlation
    noise = autoregressive_noise(rng, correlation, (frames, 2))
    offset = noise * student_t_scale(rng, correlation, (frames, 1))
    ball[:, :2] += np.float32(errors.position) * size * offset
    larger = autoregressive_noise(rng, 0.7, (frames, 1)) * np.float32(errors.size)
    ball[:, 2:] *= np.exp(larger + np.float32(errors.size_bias))
    seen = tracks.ball_known & ~missed
    ball, known = _bridge_ball_gaps(ball, seen, tracks, errors.max_gap_s)
    false_xy = _false_positions(tracks, rng)
    median_size = float(np.median(size))
    ball[false] = np.column_stack([false_xy[false], np.full((int(false.sum()), 2), median_size)])
    known, seen = known | false, seen | false
    mean, spread = errors.score
    score = np.clip(rng.normal(mean, spread, frames), 0.05, 1.0)
    ball[~known] = 0
    return replace(
        tracks,
        ball=ball.astype(np.float32),
        ball_known=known,
        ball_seen=seen,
        ball_score=np.where(seen, score, 0).astype(np.float32),
    )


def _bridge_ball_gaps(
    ball: Floats, seen: Bools, tracks: ClipTracks, max_gap_s: float
) -> tuple[Floats, Bools]:
    """Interpolate short gaps linearly; return balls and (T,) whether they are known."""
    before, after = previous_and_next(seen)
    at = np.arange(len(seen))
    last = len(seen) - 1
    first_row, next_row = np.clip(before, 0, last), np.clip(after, 0, last)
    gap = (tracks.index[next_row] - tracks.index[first_row]) / tracks.frame_rate_hz
    fill = ~seen & (before >= 0) & (after <= last) & (gap <= max_gap_s + 1e-6)
    part = (at - before) / np.maximum(after - before, 1)
    line = ball[first_row] + (ball[next_row] - ball[first_row]) * part[:, None]
    return np.where(fill[:, None], line, ball), seen | fill


def _false_positions(tracks: ClipTracks, rng: Generator) -> NDArray[np.float32]:
    """Return (T, 2) positions that look like a ball: a person's head or foot, or anywhere."""
    frames = len(tracks.index)
    xy = rng.random((1, 2)) * np.array(tracks.size) + rng.normal(0, 1.0, (frames, 2))
    people = np.flatnonzero(tracks.present.any(axis=1))
    if len(people) and rng.random() < 0.7:
        person = int(rng.choice(people))
        present = tracks.present[person]
        down = 0.06 if rng.random() < 0.5 else 0.97
        boxes = tracks.boxes[person]
        points = boxes[:, :2] + boxes[:, 2:] * np.array([0.5, down])
        xy = np.where(present[:, None], points, xy)
    return np.asarray(xy, np.float32)
