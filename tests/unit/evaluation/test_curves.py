from __future__ import annotations

import math

import numpy as np
import pytest
from ball_footage import ball, found, frame, league
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.evaluation.ball_metrics import ball_metrics
from raasid.evaluation.curves import best_threshold, operating_curve
from raasid.evaluation.outcomes import score_frames


@given(seed=st.integers(0, 50))
def test_each_point_of_the_top_curve_is_what_the_metrics_say_at_that_threshold(seed):
    refs, detections = league(matches=1, frames=10, seed=seed)
    curve = operating_curve(score_frames(refs, detections, 0.0), "top")
    for row in (0, len(curve.threshold) // 2, -1):
        metrics = ball_metrics(score_frames(refs, detections, float(curve.threshold[row])))
        for name in ("detection_rate", "precision", "false_positives", "f1"):
            assert getattr(curve, name)[row] == pytest.approx(metrics[name], nan_ok=True), name


@settings(max_examples=25)
@given(seed=st.integers(0, 50))
def test_no_threshold_beats_the_best_one(seed):
    refs, detections = league(matches=1, frames=12, seed=seed)
    chosen = best_threshold(score_frames(refs, detections, 0.9))
    best = ball_metrics(score_frames(refs, detections, chosen))["f1"]
    for threshold in np.linspace(0, 1, 11):
        assert not ball_metrics(score_frames(refs, detections, float(threshold)))["f1"] > best + 1e-12


def test_the_best_threshold_lies_half_way_to_the_next_lower_score():
    refs = [frame(0, [ball(50, 50)]), frame(1)]
    outcomes = score_frames(refs, [found((50, 50, 0.75)), found((9, 9, 0.25))], 0.5)
    assert best_threshold(outcomes) == 0.5


def test_of_equally_good_thresholds_the_highest_wins():
    refs = [frame(i, [ball(50, 50)]) for i in range(3)] + [frame(i) for i in range(3, 6)]
    hits = [found((50, 50, 0.875)), found((50, 50, 0.25)), found()]
    outcomes = score_frames(refs, hits + [found((9, 9, 0.5))] * 3, 0.0)
    f1 = operating_curve(outcomes, "top").f1
    assert f1[0] == f1[-1] == 0.5
    assert best_threshold(outcomes) == (0.875 + 0.5) / 2


def test_a_model_that_never_hits_keeps_the_fallback():
    assert best_threshold(score_frames([frame()], [found((9, 9, 0.9))], 0.5), fallback=0.3) == 0.3
    assert best_threshold([], fallback=0.3) == 0.3


def test_a_further_candidate_on_the_ball_is_not_counted_twice():
    outcomes = score_frames([frame(0, [ball(50, 50)])], [found((50, 50, 0.9), (51, 50, 0.8))], 0.5)
    curve = operating_curve(outcomes, "all")
    assert curve.detection_rate.tolist() == [1, 1]
    assert curve.false_positives.tolist() == [0, 0]


def test_without_a_visible_ball_the_rate_is_undefined():
    curve = operating_curve(score_frames([frame()], [found((9, 9, 0.9))], 0.5), "all")
    assert np.isnan(curve.detection_rate).all()
    assert math.isnan(curve.average_precision)
    assert curve.false_positives.tolist() == [1]


def test_a_thinned_curve_keeps_both_ends():
    curve = operating_curve(score_frames(*league(3, 40), 0.5), "all")
    thin = curve.thinned(10)
    assert len(thin.threshold) == 10
    assert (thin.threshold[0], thin.threshold[-1]) == (curve.threshold[0], curve.threshold[-1])
