"""The errors of ball and pose models put into annotated tracks: training data without looking at pictures.

What goes wrong with a ball: not seen, seen elsewhere, seen beside its place or too large.

What goes wrong with persons: unseen, beside their places, arms swapped, numbers and teams mistaken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from raasid.errors import DataError
from raasid.tracks.perturbations import (
    arms_swapped,
    boxes_moved,
    drift,
    heavy,
    joints_moved,
    neighbours,
    renumbered,
    rows_of,
    spells,
    with_ghost,
)
from raasid.tracks.track_arrays import ROLES, Bools, ClipTracks, Floats


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
    ball, known = _bridge_ball_gaps(ball, seen, tracks, errors.longest_gap)
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


def _bridge_ball_gaps(ball: Floats, seen: Bools, tracks: ClipTracks, longest: float) -> tuple[Floats, Bools]:
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


HEIGHTS = (0.1, 0.2, 0.4)
"""Edges of the size bins: a person's height over that of the frame."""
Numbers = NDArray[np.int64]
ByHeight = tuple[float, float, float, float]
ByClass = tuple[float, float, float]
ByRole = tuple[float, float, float, float]
_HEAD, _ARM, _HIP, _LEG = 0.013, 0.013, 0.013, 0.014


@dataclass(frozen=True, slots=True)
class PersonErrors:
    """Shares are of frames in which somebody is; lengths relative to a person's height."""

    unseen: ByHeight = (0.6, 0.3, 0.08, 0.1)
    """Share of persons who are never seen, by height."""
    missed: ByHeight = (0.4, 0.1, 0.08, 0.1)
    """Share of frames in which the others are not."""
    missed_length: float = 4.0
    """Frames in a row, on average."""
    false: float = 0.15
    """Persons per frame who are not there."""
    box_place: float = 0.03
    box_size: float = 0.12
    """Scale of the error of the logarithm of width and height."""
    joints: tuple[float, ...] = (*[_HEAD] * 5, *[_ARM] * 6, *[_HIP] * 2, *[_LEG] * 4)
    """Scale of the error of each coordinate of each joint."""
    joints_hidden: float = 1.5
    """How many times larger it is where the joint cannot be seen."""
    joints_correlation: float = 0.85
    """With the next frame's error."""
    joints_told: tuple[ByClass, ByClass] = ((0.02, 0.44, 0.54), (0.01, 0.29, 0.7))
    """Of hidden joints, and of seen ones: the shares that are told as unknown, guessed, seen."""
    arms_swapped: float = 0.015
    """Share of persons in a frame whose left arm is told as the right one."""
    swapped_length: float = 2.0
    breaks: float = 0.001
    """Chance per frame that somebody gets a new number."""
    merges: float = 0.001
    """Chance per frame that somebody takes another's number over."""
    roles: tuple[ByRole, ByRole, ByRole, ByRole] = (
        (0.97, 0.0, 0.005, 0.025),
        (0.6, 0.0, 0.0, 0.4),
        (0.6, 0.0, 0.2, 0.2),
        (0.8, 0.0, 0.1, 0.1),
    )
    """For each role of `ROLES`, as which it is told."""
    team_unknown: float = 0.15
    """Share of those with a team of whom it is not told."""
    team_wrong: float = 0.03
    """Share of those of whom it is, that are told as the other's."""
    score: tuple[float, float] = (0.48, 0.12)
    """Mean and spread of the confidence."""
    longest_gap: float = 0.4
    """Seconds that are bridged."""


def by_height(tracks: ClipTracks) -> Numbers:
    """(P, T) size bin of each person in each frame."""
    share = tracks.boxes[..., 3] / max(tracks.size[1], 1)
    return np.asarray(np.searchsorted(HEIGHTS, share))


def persons_seen_badly(tracks: ClipTracks, errors: PersonErrors, rng: Generator) -> ClipTracks:
    """The clip with its persons as a detector and a tracker would have told them; the ball as it was."""
    if not len(tracks.tracks) or not len(tracks.index):
        return tracks
    tracks = with_ghost(tracks, errors.false, rng)
    bins = by_height(tracks)
    usual = np.median(np.where(tracks.present, bins, 0), axis=1).astype(int)
    lost = rng.random(len(usual)) < np.array(errors.unseen)[usual]
    missed = spells(rng, np.array(errors.missed)[bins], errors.missed_length, tracks.present.shape)
    seen = tracks.present & ~missed & ~lost[:, None]
    boxes = boxes_moved(tracks, errors.box_place, errors.box_size, rng)
    filled = _bridge_person_gaps(
        replace(tracks, boxes=boxes, joints=_joints_told(tracks, errors, rng)), seen, errors
    )
    mean, spread = errors.score
    score = np.clip(rng.normal(mean, spread, seen.shape), 0.05, 1.0) * np.where(seen, 1.0, 0.5)
    roles, teams = _named(filled, errors, rng)
    score = np.where(filled.present, score, 0).astype(np.float32)
    told = renumbered(
        replace(filled, score=score, roles=roles, teams=teams), errors.breaks, errors.merges, rng
    )
    return rows_of(told, np.flatnonzero(told.present.any(axis=1)))


def _bridge_person_gaps(tracks: ClipTracks, seen: Bools, errors: PersonErrors) -> ClipTracks:
    """Leave out who is not seen, and fill short gaps along straight lines."""
    before, after = neighbours(seen)
    last = seen.shape[1] - 1
    at, row = np.arange(last + 1)[None], np.arange(len(seen))[:, None]
    first, then = np.clip(before, 0, last), np.clip(after, 0, last)
    gap = (tracks.index[then] - tracks.index[first]) / tracks.frame_rate_hz
    fill = ~seen & (before >= 0) & (after <= last) & (gap <= errors.longest_gap + 1e-6)
    part = ((at - before) / np.maximum(after - before, 1)).astype(np.float32)[..., None]
    a, b = tracks.boxes[row, first], tracks.boxes[row, then]
    boxes = np.where(fill[..., None], a + (b - a) * part, tracks.boxes)
    c, d = tracks.joints[row, first], tracks.joints[row, then]
    between = c + (d - c) * part[..., None]
    between[..., 2] = np.minimum(np.minimum(c[..., 2], d[..., 2]), 0.5)
    between[between[..., 2] == 0] = 0
    joints = np.where(fill[..., None, None], between, tracks.joints)
    there = seen | fill
    boxes[~there] = 0
    joints[~there] = 0
    return replace(tracks, present=there, boxes=boxes, joints=joints)


def _named(
    tracks: ClipTracks, errors: PersonErrors, rng: Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Roles and teams as they are told; which team comes first is anybody's guess."""
    people = len(tracks.tracks)
    cuts = np.cumsum(np.array(errors.roles), axis=1)[np.maximum(tracks.roles, 0)]
    roles = np.minimum((rng.random((people, 1)) >= cuts).sum(axis=1), len(ROLES) - 1)
    teams = np.where((tracks.teams >= 0) & (tracks.teams < 2) & (roles == 0), tracks.teams, -1)
    wrong = rng.random(people) < errors.team_wrong
    teams = np.where((teams >= 0) & (wrong ^ (rng.random() < 0.5)), 1 - teams, teams)
    teams[rng.random(people) < errors.team_unknown] = -1
    return np.where(tracks.roles < 0, -1, roles), teams


def _joints_told(tracks: ClipTracks, errors: PersonErrors, rng: Generator) -> Floats:
    """(P, T, 17, 3) as a pose model tells them: beside their places, swapped, more or less sure."""
    hidden = np.float32(errors.joints_hidden)
    scale = np.array(errors.joints, np.float32) * np.where(
        tracks.joints[..., 2] > 0.75, np.float32(1), hidden
    )
    joints = joints_moved(tracks, scale, errors.joints_correlation, rng)
    sure = joints[..., 2]
    cuts = np.cumsum(np.array(errors.joints_told), axis=1)[(sure > 0.75).astype(int)]
    drawn = rng.random(sure.shape)
    told = 0.5 * ((drawn >= cuts[..., 0]).astype(np.float32) + (drawn >= cuts[..., 1]))
    joints[..., 2] = np.where(sure > 0, told, 0)
    joints[joints[..., 2] == 0] = 0
    swapped = spells(rng, errors.arms_swapped, errors.swapped_length, tracks.present.shape)
    return arms_swapped(joints, swapped)


class NoiseUnreadable(DataError):
    """A description of errors that lacks something, or holds what is none."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"errors of tracks: {reason}; write them with TrackNoise.to_json")


@dataclass(frozen=True, slots=True)
class TrackNoise:
    """How often and how far detectors are wrong; the defaults were measured on presets of ours."""

    ball: BallErrors = BallErrors()
    persons: PersonErrors = PersonErrors()

    def apply(self, tracks: ClipTracks, rng: Generator) -> ClipTracks:
        """Return what such detectors would have made of annotated tracks; `tracks` is left as it is.

        A function of the tracks and of `rng` alone. Gaps are bridged as perception bridges them, and said
        to be. Tracks may be lost, broken in two, or joined; numbers stay unique.
        """
        return persons_seen_badly(ball_seen_badly(tracks, self.ball, rng), self.persons, rng)

    def to_json(self) -> str:
        """One object with two, readable by `from_json`."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> TrackNoise:
        """The errors that `to_json` wrote. Raises NoiseUnreadable."""
        try:
            told = json.loads(text)
            return cls(_read(BallErrors, told["ball"]), _read(PersonErrors, told["persons"]))
        except (ValueError, KeyError, TypeError) as error:
            raise NoiseUnreadable(f"{type(error).__name__}: {error}") from error


def _read(kind: Any, told: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    if told.keys() - known:
        raise ValueError(f"unknown: {', '.join(sorted(told.keys() - known))}")
    return kind(**{name: _tuples(value) for name, value in told.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
