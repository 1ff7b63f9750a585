from __future__ import annotations

import math

import numpy as np
import pytest
from ball_footage import ball, found, frame, league
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.evaluation.ball.curves import best_threshold, operating_curve
from raasid.evaluation.ball.matched import match_frames
from raasid.evaluation.ball.metrics import ball_metrics


@given(seed=st.integers(0, 50))
def test_each_point_of_the_top_curve_has_the_metrics_at_its_threshold(seed):
    refs, detections = league(matches=1, frames=10, seed=seed)
    curve = operating_curve(match_frames(refs, detections, 0.0), "top")
    for row in (0, len(curve.threshold) // 2, -1):
        metrics = ball_metrics(match_frames(refs, detections, float(curve.threshold[row])))
        for name in ("detection_rate", "precision", "false_positives", "f1"):
            assert getattr(curve, name)[row] == pytest.approx(metrics[name], nan_ok=True), name


@settings(max_examples=25)
@given(seed=st.integers(0, 50), limit=st.sampled_from([0.0, 0.1, 0.3, 1.0]))
def test_no_threshold_within_the_limit_finds_more(seed, limit):
    refs, detections = league(matches=1, frames=12, seed=seed)
    chosen = best_threshold(match_frames(refs, detections, 0.9), limit)
    best = ball_metrics(match_frames(refs, detections, chosen))
    for threshold in np.linspace(0, 1, 11):
        other = ball_metrics(match_frames(refs, detections, float(threshold)))
        if other["false_positives"] <= limit:
            assert best["detection_rate"] >= other["detection_rate"] - 1e-12


def test_the_best_threshold_lies_half_way_to_the_next_lower_score():
    refs = [frame(0, [ball(50, 50)]), frame(1)]
    outcomes = match_frames(refs, [found((50, 50, 0.75)), found((9, 9, 0.25))], 0.5)
    assert best_threshold(outcomes, max_false_positives=0.1) == 0.5
    assert best_threshold(outcomes, max_false_positives=0.5) == 0.125


def test_a_model_that_always_exceeds_the_limit_uses_the_threshold_of_the_best_f1():
    refs = [frame(0), frame(1, [ball(50, 50)])]
    outcomes = match_frames(refs, [found((9, 9, 0.75)), found((50, 50, 0.5))], 0.5)
    assert best_threshold(outcomes, max_false_positives=0.1) == 0.25


def test_a_model_that_never_hits_keeps_the_fallback():
    never = match_frames([frame()], [found((9, 9, 0.9))], 0.5)
    assert best_threshold(never, 0.1, fallback=0.3) == 0.3
    assert best_threshold([], 0.1, fallback=0.3) == 0.3


def test_an_additional_candidate_on_the_ball_is_ignored():
    outcomes = match_frames([frame(0, [ball(50, 50)])], [found((50, 50, 0.9), (51, 50, 0.8))], 0.5)
    curve = operating_curve(outcomes, "all")
    assert curve.detection_rate.tolist() == [1, 1]
    assert curve.false_positives.tolist() == [0, 0]


def test_without_a_visible_ball_the_rate_is_undefined():
    curve = operating_curve(match_frames([frame()], [found((9, 9, 0.9))], 0.5), "all")
    assert np.isnan(curve.detection_rate).all()
    assert math.isnan(curve.average_precision)
    assert curve.false_positives.tolist() == [1]


def test_a_thinned_curve_keeps_both_ends():
    curve = operating_curve(match_frames(*league(3, 40), 0.5), "all")
    thin = curve.thinned(10)
    assert len(thin.threshold) == 10
    assert (thin.threshold[0], thin.threshold[-1]) == (curve.threshold[0], curve.threshold[-1])
