"""What a ball model and the path through its candidates do wrong, counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from raasid.data.records import Ball, Visibility
from raasid.data.tracks.ball_errors import BallErrors
from raasid.perception.as_records import INTERPOLATED
from raasid.perception.fitting import correlation, mean_and_spread, rate, scale, spell_length
from raasid.perception.pairing import FramePair
from raasid.perception.quality import is_hit

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
