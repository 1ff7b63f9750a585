"""What goes wrong with persons: unseen, beside their places, arms swapped, numbers and teams mistaken."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from raasid.data.tracks.chains import neighbours, spells
from raasid.data.tracks.clip_tracks import ROLES, Bools, ClipTracks, Floats
from raasid.data.tracks.displaced import arms_swapped, boxes_moved, joints_moved
from raasid.data.tracks.renumbered import renumbered, rows_of, with_ghost

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
    filled = _bridged(replace(tracks, boxes=boxes, joints=_joints_told(tracks, errors, rng)), seen, errors)
    mean, spread = errors.score
    score = np.clip(rng.normal(mean, spread, seen.shape), 0.05, 1.0) * np.where(seen, 1.0, 0.5)
    roles, teams = _named(filled, errors, rng)
    score = np.where(filled.present, score, 0).astype(np.float32)
    told = renumbered(
        replace(filled, score=score, roles=roles, teams=teams), errors.breaks, errors.merges, rng
    )
    return rows_of(told, np.flatnonzero(told.present.any(axis=1)))


def _bridged(tracks: ClipTracks, seen: Bools, errors: PersonErrors) -> ClipTracks:
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
