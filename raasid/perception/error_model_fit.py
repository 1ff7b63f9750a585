"""Fit an error model of ball and pose models to annotated clips and their predictions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from raasid.footage.records import Ball, Clip, Visibility
from raasid.perception.error_statistics import (
    lag_one_correlation,
    mean_and_spread,
    mean_run_length,
    shrunk_rate,
    student_t_error_scale,
)
from raasid.perception.matching import MatchedFrame, match_frames
from raasid.perception.person_error_fit import fit_person_errors
from raasid.perception.to_records import INTERPOLATED
from raasid.perception.tracking_metrics import is_ball_hit
from raasid.tracks.ball_errors import BallErrors
from raasid.tracks.error_model import TrackErrorModel

_FREE, _NEAR, _HIDDEN = range(3)


def fit_error_model(truth: Sequence[Clip], predicted: Sequence[Clip]) -> TrackErrorModel:
    """Return the errors that make annotated tracks look like predicted ones.

    truth, predicted: the same clips, by id; interpolated balls and persons count as missed. Rates from few
    samples are shrunk towards the defaults. Raises ClipMismatchError.
    """
    pairs = list(match_frames(truth, predicted))
    return TrackErrorModel(fit_ball_errors(pairs), fit_person_errors(pairs))


def fit_ball_errors(pairs: Sequence[MatchedFrame]) -> BallErrors:
    """Return rates and scales of the errors; pairs: in the order of their clips."""
    default = BallErrors()
    samples, missed = np.zeros(3), np.zeros(3)
    unseen, wrong = defaultdict[str, list[bool]](list), defaultdict[str, list[bool]](list)
    by_clip = defaultdict[str, list[list[float]]](list)
    offsets: list[list[float]] = []
    sizes: list[float] = []
    scores: list[float] = []
    for pair in pairs:
        true = _annotated(pair)
        predicted = _detected(pair)
        hit = true is not None and predicted is not None and is_ball_hit(true, predicted, pair.true.width)
        wrong[pair.clip].append(predicted is not None and not hit)
        by_clip[pair.clip].append([np.nan, np.nan])
        if predicted is not None and predicted.source is not None and hit:
            scores.append(predicted.source.confidence)
        if true is None:
            continue
        kind = _HIDDEN if not true.visible else _NEAR if _is_near(true, pair) else _FREE
        samples[kind] += 1
        missed[kind] += not hit
        unseen[pair.clip].append(not hit)
        size = np.sqrt(true.w * true.h)
        if hit and predicted is not None and size > 0:
            offsets.append([(predicted.x - true.x) / size, (predicted.y - true.y) / size])
            by_clip[pair.clip][-1] = offsets[-1]
            sizes.append(float(np.log(np.sqrt(max(predicted.w * predicted.h, 0.01)) / size)))
    bias = round(float(np.median(sizes)), 4) if sizes else default.size_bias
    false = [is_wrong for run in wrong.values() for is_wrong in run]
    return BallErrors(
        missed=tuple(shrunk_rate(m, n, u) for m, n, u in zip(missed, samples, default.missed, strict=True)),  # type: ignore[arg-type]
        missed_length=mean_run_length(unseen.values(), default.missed_length),
        false=shrunk_rate(sum(false), len(false), default.false),
        false_length=mean_run_length(wrong.values(), default.false_length),
        position=student_t_error_scale(offsets, default.position),
        position_correlation=lag_one_correlation(
            map(np.array, by_clip.values()), default.position_correlation
        ),
        size_bias=bias,
        size=student_t_error_scale(np.array(sizes) - bias, default.size),
        score=mean_and_spread(scores, default.score),
        max_gap_s=default.max_gap_s,
    )


def _annotated(pair: MatchedFrame) -> Ball | None:
    balls = pair.true.balls
    return balls[0] if balls and balls[0].visibility != Visibility.ABSENT else None


def _detected(pair: MatchedFrame) -> Ball | None:
    """Return the detected ball; an interpolated one is none."""
    balls = pair.predicted.balls
    return balls[0] if balls and (balls[0].source is None or balls[0].source.name != INTERPOLATED) else None


def _is_near(ball: Ball, pair: MatchedFrame) -> bool:
    return any(
        left <= ball.x <= left + width and top <= ball.y <= top + height
        for left, top, width, height in (person.box for person in pair.true.persons)
    )
