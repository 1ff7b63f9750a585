"""Which errors ball and pose models make: fitted to annotated clips and what was seen of them.

What a ball model and the path through its candidates do wrong, counted.

What a pose model and the tracking of its persons do wrong, counted.

From cases to rates and scales, few of them or many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raasid.footage.records import Ball, Clip, Person, Visibility
from raasid.perception.matching import (
    FramePair,
    arms_look_swapped,
    frame_pairs,
    is_interpolated,
    joints_of,
    swapped_back,
)
from raasid.perception.teams import team_names
from raasid.perception.to_records import INTERPOLATED
from raasid.perception.tracking_metrics import is_hit
from raasid.tracks.error_model import HEIGHTS, BallErrors, PersonErrors, TrackNoise
from raasid.tracks.perturbations import T4_MEDIAN
from raasid.tracks.track_arrays import ROLES

_PRIOR = 8.0
"""Cases that the usual rate counts for: less evidence than that changes little."""


def rate(hits: float, cases: float, usual: float, prior: float = _PRIOR) -> float:
    """Share of hits, drawn to the usual one where cases are few; four decimals."""
    return round(float(hits + prior * usual) / float(cases + prior), 4)


def scale(errors: ArrayLike, usual: float) -> float:
    """Scale of errors as Student's t with 4 degrees of freedom has it, by their median size."""
    sizes = np.abs(np.asarray(errors, np.float64)).ravel()
    if len(sizes) < _PRIOR:
        return usual
    return round(float(np.median(sizes)) / T4_MEDIAN, 5)


def spell_length(runs: Iterable[Sequence[bool]], usual: float) -> float:
    """Mean length of what is true in a row; runs: successive frames of one ball or person."""
    spells = lengths = 0
    for run in runs:
        on = np.asarray(run, bool)
        spells += int((on[1:] & ~on[:-1]).sum()) + int(on[:1].sum())
        lengths += int(on.sum())
    return round((lengths + _PRIOR * usual) / (spells + _PRIOR), 2)


def correlation(series: Iterable[np.ndarray], usual: float) -> float:
    """Of each error with the next frame's, outliers clipped; series: (T, …), NaN where there is none."""
    parts = [np.asarray(part, np.float64) for part in series if len(part) > 1]
    if not parts:
        return usual
    sizes = np.abs(np.concatenate([part.ravel() for part in parts]))
    limit = 3 * float(np.nanmedian(sizes)) if np.isfinite(sizes).any() else 0.0
    if limit <= 0:
        return usual
    products = squares = count = 0.0
    for part in parts:
        a, b = np.clip(part[:-1], -limit, limit), np.clip(part[1:], -limit, limit)
        both = ~np.isnan(a + b)
        products += float((a * b)[both].sum())
        squares += float(((a * a + b * b) / 2)[both].sum())
        count += int(both.sum())
    return usual if count < _PRIOR else round(float(np.clip(products / max(squares, 1e-12), 0.0, 0.98)), 3)


def mean_and_spread(values: Sequence[float], usual: tuple[float, float]) -> tuple[float, float]:
    """Mean and standard deviation."""
    if len(values) < _PRIOR:
        return usual
    return round(float(np.mean(values)), 3), round(float(np.std(values)), 3)


_FREE, _NEAR, _HIDDEN = range(3)


def ball_errors_made(pairs: Sequence[FramePair]) -> BallErrors:
    """Rates and scales as `BallErrors` has them; pairs in the order of their clips."""
    usual = BallErrors()
    cases, missed = np.zeros(3), np.zeros(3)
    unseen, wrong = defaultdict[str, list[bool]](list), defaultdict[str, list[bool]](list)
    off = defaultdict[str, list[list[float]]](list)
    places: list[list[float]] = []
    sizes: list[float] = []
    scores: list[float] = []
    for pair in pairs:
        true = _annotated(pair)
        told = _seen(pair)
        hit = true is not None and told is not None and is_hit(true, told, pair.true.width)
        wrong[pair.clip].append(told is not None and not hit)
        off[pair.clip].append([np.nan, np.nan])
        if told is not None and told.mark is not None and hit:
            scores.append(told.mark.confidence)
        if true is None:
            continue
        kind = _HIDDEN if not true.visible else _NEAR if _is_near(true, pair) else _FREE
        cases[kind] += 1
        missed[kind] += not hit
        unseen[pair.clip].append(not hit)
        size = np.sqrt(true.w * true.h)
        if hit and told is not None and size > 0:
            places.append([(told.x - true.x) / size, (told.y - true.y) / size])
            off[pair.clip][-1] = places[-1]
            sizes.append(float(np.log(np.sqrt(max(told.w * told.h, 0.01)) / size)))
    bias = round(float(np.median(sizes)), 4) if sizes else usual.size_bias
    false = [told for run in wrong.values() for told in run]
    return BallErrors(
        missed=tuple(rate(m, n, u) for m, n, u in zip(missed, cases, usual.missed, strict=True)),  # type: ignore[arg-type]
        missed_length=spell_length(unseen.values(), usual.missed_length),
        false=rate(sum(false), len(false), usual.false),
        false_length=spell_length(wrong.values(), usual.false_length),
        place=scale(places, usual.place),
        place_correlation=correlation(map(np.array, off.values()), usual.place_correlation),
        size_bias=bias,
        size=scale(np.array(sizes) - bias, usual.size),
        score=mean_and_spread(scores, usual.score),
        longest_gap=usual.longest_gap,
    )


def _annotated(pair: FramePair) -> Ball | None:
    balls = pair.true.balls
    return balls[0] if balls and balls[0].visibility != Visibility.ABSENT else None


def _seen(pair: FramePair) -> Ball | None:
    """What was seen; what lies between two sightings was not."""
    balls = pair.seen.balls
    return balls[0] if balls and (balls[0].mark is None or balls[0].mark.source != INTERPOLATED) else None


def _is_near(ball: Ball, pair: FramePair) -> bool:
    return any(
        left <= ball.x <= left + width and top <= ball.y <= top + height
        for left, top, width, height in (person.box for person in pair.true.persons)
    )


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


def measured_noise(truth: Sequence[Clip], predicted: Sequence[Clip]) -> TrackNoise:
    """Return the errors that make annotated tracks look like predicted ones.

    truth, predicted: the same clips, by id; what is interpolated in them counts as not seen. Rates that rest
    on few cases lean on the defaults. Raises NotTheSameClips.
    """
    pairs = list(frame_pairs(truth, predicted))
    return TrackNoise(ball_errors_made(pairs), person_errors_made(pairs))
