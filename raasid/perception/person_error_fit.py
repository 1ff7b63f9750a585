"""Fit the errors of a pose model and the tracking of its persons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raasid.footage.records import Person
from raasid.perception.error_statistics import (
    lag_one_correlation,
    mean_run_length,
    shrunk_rate,
    student_t_error_scale,
)
from raasid.perception.matching import MatchedFrame, are_arms_swapped, is_interpolated, person_joints
from raasid.perception.teams import match_team_names
from raasid.tracks.person_errors import HEIGHTS, PersonErrors
from raasid.tracks.perturbations import ARMS_SWAPPED
from raasid.tracks.track_arrays import ROLES

Floats = NDArray[np.float64]
_ID_PRIOR = 200.0
"""Number of detections that the default rates of breaks and merges count for."""
Fields = dict[str, Any]
Track = tuple[str, int]
Detected = Sequence[tuple[MatchedFrame, Person, Person]]
"""Frame, annotated person and detected person."""


def fit_person_errors(pairs: Sequence[MatchedFrame]) -> PersonErrors:
    """Return rates and scales of the errors; pairs: in the order of their clips."""
    default = PersonErrors()
    detected = [(pair, a, b) for pair in pairs for a, b in pair.persons if not is_interpolated(b)]
    false = sum(not is_interpolated(person) for pair in pairs for person in pair.false)
    fitted: Fields = {"false": shrunk_rate(false, len(pairs), default.false)}
    fitted |= _missed(pairs, default)
    for fit in (_boxes, _joints, _track_ids, _roles_and_teams):
        fitted |= fit(detected, default)
    return replace(default, **fitted)


def _missed(pairs: Sequence[MatchedFrame], default: PersonErrors) -> Fields:
    """Return shares by height of persons never detected, and of frames in which the others are missed."""
    runs: dict[Track, list[bool]] = defaultdict(list)
    bins: dict[Track, list[int]] = defaultdict(list)
    for pair in pairs:
        matched = {a.track for a, b in pair.persons if not is_interpolated(b)}
        for person in pair.true.persons:
            if not person.crowd:
                runs[pair.clip, person.track].append(person.track not in matched)
                share = person.box[3] / max(pair.true.height, 1)
                bins[pair.clip, person.track].append(int(np.searchsorted(HEIGHTS, share)))
    tracks, never, frames, missed = np.zeros(4), np.zeros(4), np.zeros(4), np.zeros(4)
    for track, run in runs.items():
        median_bin = int(np.median(bins[track]))
        tracks[median_bin] += 1
        if all(run):
            never[median_bin] += 1
            continue
        for size_bin, is_missed in zip(bins[track], run, strict=True):
            frames[size_bin] += 1
            missed[size_bin] += is_missed
    found_runs = (run for run in runs.values() if not all(run))
    return {
        "unseen": tuple(shrunk_rate(h, n, d) for h, n, d in zip(never, tracks, default.unseen, strict=True)),
        "missed": tuple(shrunk_rate(h, n, d) for h, n, d in zip(missed, frames, default.missed, strict=True)),
        "missed_length": mean_run_length(found_runs, default.missed_length),
    }


def _boxes(detected: Detected, default: PersonErrors) -> Fields:
    errors = np.array([_box_error(a, b) for _, a, b in detected]).reshape(-1, 4)
    scores = [b.source.confidence for _, _, b in detected if b.source is not None]
    score = (round(float(np.mean(scores)), 3), round(float(np.std(scores)), 3)) if scores else default.score
    return {
        "box_position": student_t_error_scale(errors[:, :2], default.box_position),
        "box_size": student_t_error_scale(errors[:, 2:], default.box_size),
        "score": score,
    }


def _box_error(true: Person, predicted: Person) -> list[float]:
    """Return the errors of the centre, in heights, and of the logarithms of width and height."""
    (x, y, w, h), (a, b, c, d) = true.box, predicted.box
    height = max(h, 1.0)
    return [
        (a + c / 2 - x - w / 2) / height,
        (b + d / 2 - y - h / 2) / height,
        float(np.log(max(c, 1) / max(w, 1))),
        float(np.log(max(d, 1) / height)),
    ]


def _joints(detected: Detected, default: PersonErrors) -> Fields:
    """Return the errors of joints, measured after swapped arms are swapped back."""
    swaps: dict[Track, list[bool]] = defaultdict(list)
    errors: dict[Track, list[Floats]] = defaultdict(list)
    visibility = np.zeros((2, 3))
    visible_errors, hidden_errors = [], []
    for pair, a, b in detected:
        if not a.keypoints:
            continue
        true, predicted = person_joints(a), person_joints(b)
        swap = are_arms_swapped(true, predicted, a.box[3])
        if swap is not None:
            swaps[pair.clip, a.track].append(swap)
        if swap:
            predicted = predicted[ARMS_SWAPPED]
        for row in (0, 1):
            visibility[row] += np.bincount(predicted[true[:, 2] == row + 1, 2].astype(int), minlength=3)
        both = (true[:, 2] > 0) & (predicted[:, 2] > 0)
        error = (predicted[:, :2] - true[:, :2]) / max(a.box[3], 1.0)
        error[~both] = np.nan
        errors[pair.clip, a.track].append(error)
        visible_errors.append(np.where((true[:, 2] == 2)[:, None], error, np.nan))
        hidden_errors.append(np.where((true[:, 2] == 1)[:, None], error, np.nan))
    if not visible_errors:
        return {}
    visible, hidden = np.array(visible_errors), np.array(hidden_errors)
    joints = tuple(
        student_t_error_scale(_known(visible[:, joint]), scale) for joint, scale in enumerate(default.joints)
    )
    # relative to the scale of each joint, because hidden joints are others than visible ones
    relative = hidden / np.maximum(np.array(joints), 1e-4)[:, None]
    hidden_factor = student_t_error_scale(_known(relative), default.joints_hidden)
    swapped = [swap for run in swaps.values() for swap in run]
    return {
        "joints": joints,
        "joints_hidden": round(float(np.clip(hidden_factor, 1.0, 8.0)), 3),
        "joints_correlation": lag_one_correlation(map(np.array, errors.values()), default.joints_correlation),
        "joint_visibility": _shrunk_rows(visibility, default.joint_visibility),
        "arms_swapped": shrunk_rate(sum(swapped), len(swapped), default.arms_swapped),
        "swapped_length": mean_run_length(swaps.values(), default.swapped_length),
    }


def _known(errors: Floats) -> Floats:
    return errors[~np.isnan(errors)]


def _shrunk_rows(counts: Floats, default: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    """Return the shares of each row of counts, shrunk towards the default."""
    return tuple(
        tuple(shrunk_rate(count, row.sum(), rate) for count, rate in zip(row, rates, strict=True))
        for row, rates in zip(counts, default, strict=True)
    )


def _track_ids(detected: Detected, default: PersonErrors) -> Fields:
    """Return how often a person gets a new track id, and how often another person's."""
    last: dict[Track, int] = {}
    owner: dict[Track, int] = {}
    breaks = merges = 0
    for pair, a, b in detected:
        person, track = (pair.clip, a.track), (pair.clip, b.track)
        if last.get(person, b.track) != b.track:
            taken = owner.get(track, a.track) != a.track
            merges += taken
            breaks += not taken
        last[person] = b.track
        owner[track] = a.track
    return {
        "breaks": shrunk_rate(breaks, len(detected), default.breaks, _ID_PRIOR),
        "merges": shrunk_rate(merges, len(detected), default.merges, _ID_PRIOR),
    }


def _roles_and_teams(detected: Detected, default: PersonErrors) -> Fields:
    """Return the confusion of roles and teams; each track counts once, by its last frame."""
    roles = np.zeros((4, 4))
    names = match_team_names((pair.clip, a.team, b.team) for pair, a, b in detected if a.team and b.team)
    by_track: dict[Track, tuple[Person, Person]] = {(pair.clip, b.track): (a, b) for pair, a, b in detected}
    teams = Counter[str]()
    for (clip, _), (a, b) in by_track.items():
        roles[ROLES.index(a.role), ROLES.index(b.role)] += 1
        if a.role == "player" and a.team:
            if b.team is None:
                teams["unknown"] += 1
            else:
                teams["right" if names.get((clip, b.team)) == a.team else "wrong"] += 1
    assigned = teams["right"] + teams["wrong"]
    return {
        "roles": _shrunk_rows(roles, default.roles),
        "team_unknown": shrunk_rate(teams["unknown"], assigned + teams["unknown"], default.team_unknown),
        "team_wrong": shrunk_rate(teams["wrong"], assigned, default.team_wrong),
    }
