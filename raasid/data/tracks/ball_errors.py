"""What goes wrong with a ball: not seen, seen elsewhere, seen beside its place or too large."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from raasid.data.tracks.chains import drift, heavy, neighbours, spells
from raasid.data.tracks.clip_tracks import Bools, ClipTracks, Floats


@dataclass(frozen=True, slots=True)
class BallErrors:
    """Shares are of frames; places and sizes are relative to the ball's own size."""

    missed: tuple[float, float, float] = (0.03, 0.06, 0.85)
    """Share of balls that are not seen: free ones, ones before or behind somebody, hidden ones."""
    missed_length: float = 2.0
    """Frames in a row, on average."""
    false: float = 0.005
    """Share of frames in which something else is taken for the ball."""
    false_length: float = 2.0
    place: float = 0.025
    """Scale of the error of each coordinate."""
    place_correlation: float = 0.5
    """With the next frame's error."""
    size_bias: float = 0.02
    """Of the logarithm of width and height."""
    size: float = 0.07
    """Scale of the error of that logarithm."""
    score: tuple[float, float] = (0.9, 0.1)
    """Mean and spread of the confidence."""
    longest_gap: float = 0.4
    """Seconds that are bridged."""


def near_somebody(tracks: ClipTracks) -> Bools:
    """(T,) whether the ball lies within somebody's box, where there is a ball."""
    if not len(tracks.tracks):
        return np.zeros(len(tracks.index), bool)
    corner, edge = tracks.boxes[..., :2], tracks.boxes[..., 2:]
    inside = ((tracks.ball[None, :, :2] >= corner) & (tracks.ball[None, :, :2] <= corner + edge)).all(axis=2)
    return np.asarray((inside & tracks.present).any(axis=0) & tracks.ball_known)


def ball_seen_badly(tracks: ClipTracks, errors: BallErrors, rng: Generator) -> ClipTracks:
    """The clip with its ball as a detector would have told it; the persons as they were."""
    frames = len(tracks.index)
    if not frames:
        return tracks
    hidden = tracks.ball_known & ~tracks.ball_seen
    free, near, covered = errors.missed
    share = np.where(hidden, covered, np.where(near_somebody(tracks), near, free))
    missed = spells(rng, share, errors.missed_length, (frames,))
    false = spells(rng, errors.false, errors.false_length, (frames,))
    size = np.sqrt(tracks.ball[:, 2] * tracks.ball[:, 3])
    size = np.where(size > 0, size, np.float32(tracks.size[0] / 64))[:, None]
    ball = tracks.ball.copy()
    lasting = errors.place_correlation
    off = drift(rng, lasting, (frames, 2)) * heavy(rng, lasting, (frames, 1))
    ball[:, :2] += np.float32(errors.place) * size * off
    larger = drift(rng, 0.7, (frames, 1)) * np.float32(errors.size)
    ball[:, 2:] *= np.exp(larger + np.float32(errors.size_bias))
    seen = tracks.ball_known & ~missed
    ball, known = _bridged(ball, seen, tracks, errors.longest_gap)
    elsewhere = _elsewhere(tracks, rng)
    usual = float(np.median(size))
    ball[false] = np.column_stack([elsewhere[false], np.full((int(false.sum()), 2), usual)])
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


def _bridged(ball: Floats, seen: Bools, tracks: ClipTracks, longest: float) -> tuple[Floats, Bools]:
    """Fill short gaps along straight lines."""
    before, after = neighbours(seen)
    at = np.arange(len(seen))
    last = len(seen) - 1
    first_row, next_row = np.clip(before, 0, last), np.clip(after, 0, last)
    gap = (tracks.index[next_row] - tracks.index[first_row]) / tracks.frame_rate_hz
    fill = ~seen & (before >= 0) & (after <= last) & (gap <= longest + 1e-6)
    part = (at - before) / np.maximum(after - before, 1)
    line = ball[first_row] + (ball[next_row] - ball[first_row]) * part[:, None]
    return np.where(fill[:, None], line, ball), seen | fill


def _elsewhere(tracks: ClipTracks, rng: Generator) -> NDArray[np.float32]:
    """(T, 2) where something else looks like a ball: at somebody's head or foot, or anywhere."""
    frames = len(tracks.index)
    places = rng.random((1, 2)) * np.array(tracks.size) + rng.normal(0, 1.0, (frames, 2))
    people = np.flatnonzero(tracks.present.any(axis=1))
    if len(people) and rng.random() < 0.7:
        somebody = int(rng.choice(people))
        there = tracks.present[somebody]
        down = 0.06 if rng.random() < 0.5 else 0.97
        boxes = tracks.boxes[somebody]
        marks = boxes[:, :2] + boxes[:, 2:] * np.array([0.5, down])
        places = np.where(there[:, None], marks, places)
    return np.asarray(places, np.float32)
