"""What a pose model and the tracking of its persons do wrong, counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raasid.data.records import Person
from raasid.data.tracks.clip_tracks import ROLES
from raasid.data.tracks.person_errors import HEIGHTS, PersonErrors
from raasid.perception.arms import arms_look_swapped, swapped_back
from raasid.perception.fitting import correlation, rate, scale, spell_length
from raasid.perception.pairing import FramePair, is_interpolated, joints_of
from raasid.perception.teams import team_names

Floats = NDArray[np.float64]
_SIGHTINGS = 200.0
"""For how many the usual chances of another number count."""
Fields = dict[str, Any]
Track = tuple[str, int]


def person_errors_made(pairs: Sequence[FramePair]) -> PersonErrors:
    """Rates and scales as `PersonErrors` has them; pairs in the order of their clips."""
    usual = PersonErrors()
    seen = [(pair, a, b) for pair in pairs for a, b in pair.persons if not is_interpolated(b)]
    false = sum(not is_interpolated(person) for pair in pairs for person in pair.unwanted)
    found: Fields = {"false": rate(false, len(pairs), usual.false)}
    parts = _missed(pairs, usual), _boxes(seen, usual), _joints(seen, usual), _numbers(seen, usual)
    for part in (*parts, _sides(seen, usual)):
        found |= part
    return replace(usual, **found)


Seen = Sequence[tuple[FramePair, Person, Person]]


def _missed(pairs: Sequence[FramePair], usual: PersonErrors) -> Fields:
    """Shares by height of persons never seen, and of frames in which the others are not; and for how long."""
    runs: dict[Track, list[bool]] = defaultdict(list)
    bins: dict[Track, list[int]] = defaultdict(list)
    for pair in pairs:
        there = {a.track for a, b in pair.persons if not is_interpolated(b)}
        for person in pair.true.persons:
            if not person.crowd:
                runs[pair.clip, person.track].append(person.track not in there)
                share = person.box[3] / max(pair.true.height, 1)
                bins[pair.clip, person.track].append(int(np.searchsorted(HEIGHTS, share)))
    tracks, lost, frames, gone = np.zeros(4), np.zeros(4), np.zeros(4), np.zeros(4)
    for track, run in runs.items():
        middle = int(np.median(bins[track]))
        tracks[middle] += 1
        if all(run):
            lost[middle] += 1
            continue
        for at, is_gone in zip(bins[track], run, strict=True):
            frames[at] += 1
            gone[at] += is_gone
    return {
        "unseen": tuple(rate(h, n, u) for h, n, u in zip(lost, tracks, usual.unseen, strict=True)),
        "missed": tuple(rate(h, n, u) for h, n, u in zip(gone, frames, usual.missed, strict=True)),
        "missed_length": spell_length((run for run in runs.values() if not all(run)), usual.missed_length),
    }


def _boxes(seen: Seen, usual: PersonErrors) -> Fields:
    errors = np.array([_box_error(a, b) for _, a, b in seen]).reshape(-1, 4)
    scores = [b.mark.confidence for _, _, b in seen if b.mark is not None]
    return {
        "box_place": scale(errors[:, :2], usual.box_place),
        "box_size": scale(errors[:, 2:], usual.box_size),
        "score": (round(float(np.mean(scores)), 3), round(float(np.std(scores)), 3))
        if scores
        else usual.score,
    }


def _box_error(true: Person, told: Person) -> list[float]:
    """Of the centre, in heights; and of the logarithms of width and height."""
    (x, y, w, h), (a, b, c, d) = true.box, told.box
    tall = max(h, 1.0)
    return [
        (a + c / 2 - x - w / 2) / tall,
        (b + d / 2 - y - h / 2) / tall,
        float(np.log(max(c, 1) / max(w, 1))),
        float(np.log(max(d, 1) / tall)),
    ]


def _joints(seen: Seen, usual: PersonErrors) -> Fields:
    """What is wrong with joints, once arms that were taken for each other are taken back."""
    swaps: dict[Track, list[bool]] = defaultdict(list)
    errors: dict[Track, list[Floats]] = defaultdict(list)
    told_as = np.zeros((2, 3))
    all_errors, hidden = [], []
    for pair, a, b in seen:
        if not a.keypoints:
            continue
        true, told = joints_of(a), joints_of(b)
        swap = arms_look_swapped(true, told, a.box[3])
        if swap is not None:
            swaps[pair.clip, a.track].append(swap)
        if swap:
            told = swapped_back(told)
        for row in (0, 1):
            told_as[row] += np.bincount(told[true[:, 2] == row + 1, 2].astype(int), minlength=3)
        both = (true[:, 2] > 0) & (told[:, 2] > 0)
        off = (told[:, :2] - true[:, :2]) / max(a.box[3], 1.0)
        off[~both] = np.nan
        errors[pair.clip, a.track].append(off)
        all_errors.append(np.where((true[:, 2] == 2)[:, None], off, np.nan))
        hidden.append(np.where((true[:, 2] == 1)[:, None], off, np.nan))
    if not all_errors:
        return {}
    visible, covered = np.array(all_errors), np.array(hidden)
    joints = tuple(scale(_known(visible[:, joint]), default) for joint, default in enumerate(usual.joints))
    # of each joint by its own scale: others are hidden than are seen
    worse = scale(_known(covered / np.maximum(np.array(joints), 1e-4)[:, None]), usual.joints_hidden)
    told_rates = tuple(
        tuple(rate(part, row.sum(), u) for part, u in zip(row, default, strict=True))
        for row, default in zip(told_as, usual.joints_told, strict=True)
    )
    swapped = [swap for run in swaps.values() for swap in run]
    return {
        "joints": joints,
        "joints_hidden": round(float(np.clip(worse, 1.0, 8.0)), 3),
        "joints_correlation": correlation(map(np.array, errors.values()), usual.joints_correlation),
        "joints_told": told_rates,
        "arms_swapped": rate(sum(swapped), len(swapped), usual.arms_swapped),
        "swapped_length": spell_length(swaps.values(), usual.swapped_length),
    }


def _known(errors: Floats) -> Floats:
    return errors[~np.isnan(errors)]


def _numbers(seen: Seen, usual: PersonErrors) -> Fields:
    """How often somebody goes on under a new number, and how often under one that was another's."""
    last: dict[Track, int] = {}
    owner: dict[Track, int] = {}
    breaks = merges = 0
    for pair, a, b in seen:
        who, number = (pair.clip, a.track), (pair.clip, b.track)
        if last.get(who, b.track) != b.track:
            taken = owner.get(number, a.track) != a.track
            merges += taken
            breaks += not taken
        last[who] = b.track
        owner[number] = a.track
    return {
        "breaks": rate(breaks, len(seen), usual.breaks, _SIGHTINGS),
        "merges": rate(merges, len(seen), usual.merges, _SIGHTINGS),
    }


def _sides(seen: Seen, usual: PersonErrors) -> Fields:
    """As which roles and teams tracks are told; each track counts once, by its last frame."""
    roles = np.zeros((4, 4))
    names = team_names((pair.clip, a.team, b.team) for pair, a, b in seen if a.team and b.team)
    of: dict[Track, tuple[Person, Person]] = {(pair.clip, b.track): (a, b) for pair, a, b in seen}
    teams = Counter[str]()
    for (clip, _), (a, b) in of.items():
        roles[ROLES.index(a.role), ROLES.index(b.role)] += 1
        if a.role == "player" and a.team:
            if b.team is None:
                teams["unknown"] += 1
            else:
                teams["right" if names.get((clip, b.team)) == a.team else "wrong"] += 1
    told = teams["right"] + teams["wrong"]
    return {
        "roles": tuple(
            tuple(rate(part, row.sum(), u) for part, u in zip(row, default, strict=True))
            for row, default in zip(roles, usual.roles, strict=True)
        ),
        "team_unknown": rate(teams["unknown"], told + teams["unknown"], usual.team_unknown),
        "team_wrong": rate(teams["wrong"], told, usual.team_wrong),
    }
