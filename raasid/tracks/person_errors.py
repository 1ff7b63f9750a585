"""Errors of pose models and tracking: persons missed, displaced, renumbered, or with a wrong role or team."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from raasid.tracks.perturbations import (
    add_false_track,
    break_and_merge_tracks,
    markov_runs,
    perturb_boxes,
    perturb_joints,
    previous_and_next,
    select_tracks,
    swap_arms,
)
from raasid.tracks.track_arrays import ROLES, Bools, ClipTracks, Floats

HEIGHTS = (0.1, 0.2, 0.4)
"""Edges of the size bins: a person's height relative to that of the frame."""
SizeBins = NDArray[np.int64]
ByHeight = tuple[float, float, float, float]
ByClass = tuple[float, float, float]
ByRole = tuple[float, float, float, float]
_HEAD, _ARM, _HIP, _LEG = 0.013, 0.013, 0.013, 0.014


@dataclass(frozen=True, slots=True)
class PersonErrors:
    """Rates and scales of the errors; shares are of a person's frames, lengths relative to its height."""

    unseen: ByHeight = (0.6, 0.3, 0.08, 0.1)
    """Share of persons who are never detected, by height."""
    missed: ByHeight = (0.4, 0.1, 0.08, 0.1)
    """Share of frames in which the others are not detected."""
    missed_length: float = 4.0
    """Mean length of a run of missed frames."""
    false: float = 0.15
    """False persons per frame."""
    box_position: float = 0.03
    """Scale of the error of each coordinate."""
    box_size: float = 0.12
    """Scale of the error of the logarithm of width and height."""
    joints: tuple[float, ...] = (*[_HEAD] * 5, *[_ARM] * 6, *[_HIP] * 2, *[_LEG] * 4)
    """Scale of the error of each coordinate of each joint."""
    joints_hidden: float = 1.5
    """Factor by which it is larger where the joint is hidden."""
    joints_correlation: float = 0.85
    """Correlation with the next frame's error."""
    joint_visibility: tuple[ByClass, ByClass] = ((0.02, 0.44, 0.54), (0.01, 0.29, 0.7))
    """Of hidden joints, and of visible ones: the shares predicted as unknown, hidden, visible."""
    arms_swapped: float = 0.015
    """Share of persons in a frame whose left and right arm are exchanged."""
    swapped_length: float = 2.0
    breaks: float = 0.001
    """Probability per frame that a person gets a new track id."""
    merges: float = 0.001
    """Probability per frame that a person exchanges track ids with another."""
    roles: tuple[ByRole, ByRole, ByRole, ByRole] = (
        (0.97, 0.0, 0.005, 0.025),
        (0.6, 0.0, 0.0, 0.4),
        (0.6, 0.0, 0.2, 0.2),
        (0.8, 0.0, 0.1, 0.1),
    )
    """For each role of `ROLES`, the shares of the roles that are predicted."""
    team_unknown: float = 0.15
    """Share of persons with a team for whom none is predicted."""
    team_wrong: float = 0.03
    """Share of predicted teams that are wrong."""
    score: tuple[float, float] = (0.48, 0.12)
    """Mean and standard deviation of the confidence."""
    max_gap_s: float = 0.4
    """Longest gap that is interpolated."""


def height_bins(tracks: ClipTracks) -> SizeBins:
    """Return the (P, T) size bin of each person in each frame."""
    share = tracks.boxes[..., 3] / max(tracks.size[1], 1)
    return np.asarray(np.searchsorted(HEIGHTS, share))


def perturb_persons(tracks: ClipTracks, errors: PersonErrors, rng: Generator) -> ClipTracks:
    """Return the clip with its persons as a detector and a tracker would have predicted them."""
    if not len(tracks.tracks) or not len(tracks.index):
        return tracks
    tracks = add_false_track(tracks, errors.false, rng)
    bins = height_bins(tracks)
    median_bin = np.median(np.where(tracks.present, bins, 0), axis=1).astype(int)
    lost = rng.random(len(median_bin)) < np.array(errors.unseen)[median_bin]
    missed = markov_runs(rng, np.array(errors.missed)[bins], errors.missed_length, tracks.present.shape)
    seen = tracks.present & ~missed & ~lost[:, None]
    boxes = perturb_boxes(tracks, errors.box_position, errors.box_size, rng)
    filled = _bridge_person_gaps(
        replace(tracks, boxes=boxes, joints=_perturb_joints(tracks, errors, rng)), seen, errors
    )
    mean, spread = errors.score
    score = np.clip(rng.normal(mean, spread, seen.shape), 0.05, 1.0) * np.where(seen, 1.0, 0.5)
    roles, teams = _perturb_roles_and_teams(filled, errors, rng)
    score = np.where(filled.present, score, 0).astype(np.float32)
    perturbed = break_and_merge_tracks(
        replace(filled, score=score, roles=roles, teams=teams), errors.breaks, errors.merges, rng
    )
    return select_tracks(perturbed, np.flatnonzero(perturbed.present.any(axis=1)))


def _bridge_person_gaps(tracks: ClipTracks, seen: Bools, errors: PersonErrors) -> ClipTracks:
    """Remove unseen persons, and interpolate short gaps linearly."""
    before, after = previous_and_next(seen)
    last = seen.shape[1] - 1
    at, row = np.arange(last + 1)[None], np.arange(len(seen))[:, None]
    first, then = np.clip(before, 0, last), np.clip(after, 0, last)
    gap = (tracks.index[then] - tracks.index[first]) / tracks.frame_rate_hz
    fill = ~seen & (before >= 0) & (after <= last) & (gap <= errors.max_gap_s + 1e-6)
    part = ((at - before) / np.maximum(after - before, 1)).astype(np.float32)[..., None]
    a, b = tracks.boxes[row, first], tracks.boxes[row, then]
    boxes = np.where(fill[..., None], a + (b - a) * part, tracks.boxes)
    c, d = tracks.joints[row, first], tracks.joints[row, then]
    between = c + (d - c) * part[..., None]
    between[..., 2] = np.minimum(np.minimum(c[..., 2], d[..., 2]), 0.5)
    between[between[..., 2] == 0] = 0
    joints = np.where(fill[..., None, None], between, tracks.joints)
    present = seen | fill
    boxes[~present] = 0
    joints[~present] = 0
    return replace(tracks, present=present, boxes=boxes, joints=joints)


def _perturb_roles_and_teams(
    tracks: ClipTracks, errors: PersonErrors, rng: Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return predicted roles and teams; the order of the two teams is random."""
    people = len(tracks.tracks)
    cuts = np.cumsum(np.array(errors.roles), axis=1)[np.maximum(tracks.roles, 0)]
    roles = np.minimum((rng.random((people, 1)) >= cuts).sum(axis=1), len(ROLES) - 1)
    teams = np.where((tracks.teams >= 0) & (tracks.teams < 2) & (roles == 0), tracks.teams, -1)
    wrong = rng.random(people) < errors.team_wrong
    teams = np.where((teams >= 0) & (wrong ^ (rng.random() < 0.5)), 1 - teams, teams)
    teams[rng.random(people) < errors.team_unknown] = -1
    return np.where(tracks.roles < 0, -1, roles), teams


def _perturb_joints(tracks: ClipTracks, errors: PersonErrors, rng: Generator) -> Floats:
    """Return (P, T, 17, 3) as a pose model would predict them: displaced, swapped, of other visibility."""
    hidden = np.float32(errors.joints_hidden)
    scale = np.array(errors.joints, np.float32) * np.where(
        tracks.joints[..., 2] > 0.75, np.float32(1), hidden
    )
    joints = perturb_joints(tracks, scale, errors.joints_correlation, rng)
    confidence = joints[..., 2]
    cuts = np.cumsum(np.array(errors.joint_visibility), axis=1)[(confidence > 0.75).astype(int)]
    drawn = rng.random(confidence.shape)
    perturbed = 0.5 * ((drawn >= cuts[..., 0]).astype(np.float32) + (drawn >= cuts[..., 1]))
    joints[..., 2] = np.where(confidence > 0, perturbed, 0)
    joints[joints[..., 2] == 0] = 0
    swapped = markov_runs(rng, errors.arms_swapped, errors.swapped_length, tracks.present.shape)
    return swap_arms(joints, swapped)
