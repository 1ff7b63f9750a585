from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from ball_footage import ball, found, frame, league
from hypothesis import given
from hypothesis import strategies as st

from raasid.evaluation.ball.matched import match_frames
from raasid.evaluation.ball.metrics import ball_metrics

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden_wasb.json"


def measure(refs, detections, threshold=0.5):
    return ball_metrics(match_frames(refs, detections, threshold))


@pytest.fixture
def golden():
    case = json.loads(GOLDEN.read_text())
    refs = [frame(i, [ball(*f["true_xy"])] if f["visible"] else []) for i, f in enumerate(case["frames"])]
    detections = [
        found(*([(*f["predicted_xy"], f["score"])] if f["predicted"] else [])) for f in case["frames"]
    ]
    return measure(refs, detections, threshold=0.0), case["expected"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("precision", "precision"),
        ("recall_wasb", "recall"),
        ("f1_wasb", "f1"),
        ("accuracy_wasb", "accuracy"),
        ("ap_wasb", "ap"),
        ("rmse_px", "rmse"),
    ],
)
def test_wasbs_own_figures_are_reproduced(golden, ours, theirs):
    metrics, expected = golden
    assert metrics[ours] == pytest.approx(expected[theirs], abs=1e-9)


def test_our_detection_rate_counts_mislocated_balls_as_not_found(golden):
    metrics, _ = golden
    assert metrics["detection_rate"] == 2 / 5
    assert metrics["false_positives"] == 3 / 7


def test_false_positives_per_minute_follow_from_the_frame_rate():
    metrics = measure([frame(i) for i in range(50)], [found((9, 9, 0.9))] + [found()] * 49)
    assert metrics["false_positives_per_minute"] == pytest.approx(1 / (50 / 25 / 60))


def test_undefined_metrics_are_nan():
    without_ball = measure([frame()], [found()])
    for name in ("detection_rate", "precision", "recall_wasb", "ap", "ap_wasb", "map50", "rmse_px"):
        assert math.isnan(without_ball[name]), name
    assert without_ball["accuracy_wasb"] == 1.0
    assert all(math.isnan(value) for value in measure([], []).values())


def test_a_model_without_predictions_detects_nothing():
    metrics = measure([frame(balls=[ball(9, 9)])], [found()])
    assert (metrics["detection_rate"], metrics["map50"], metrics["ap"], metrics["f1"]) == (0, 0, 0, 0)
    assert math.isnan(metrics["precision"])


@given(seed=st.integers(0, 50), x=st.floats(0, 512), y=st.floats(0, 288), score=st.floats(0, 1, width=32))
def test_a_false_candidate_never_improves_a_metric(seed, x, y, score):
    refs, detections = league(matches=1, frames=8, seed=seed)
    truth = refs[0].frame.ball
    if truth is not None and math.hypot(x - truth.x, y - truth.y) < 20:
        x = (x + 200) % 512
    before = measure(refs, detections)
    kept = list(zip(detections[0].xy[:, 0], detections[0].xy[:, 1], detections[0].score, strict=True))
    after = measure(refs, [found(*kept, (x, y, score)), *detections[1:]])
    for name in ("detection_rate", "precision", "f1", "ap", "map50", "accuracy_wasb"):
        if not math.isnan(before[name]):
            assert after[name] <= before[name] + 1e-12, name
    assert after["false_positives"] >= before["false_positives"]


@given(order=st.permutations(range(12)), seed=st.integers(0, 20))
def test_the_order_of_frames_makes_no_difference(order, seed):
    refs, detections = league(matches=1, frames=12, seed=seed)
    shuffled = measure([refs[i] for i in order], [detections[i] for i in order])
    assert shuffled == pytest.approx(measure(refs, detections), abs=1e-12, nan_ok=True)


@given(seed=st.integers(0, 50))
def test_rates_stay_between_zero_and_one(seed):
    metrics = measure(*league(matches=1, frames=10, seed=seed))
    for name in set(metrics) - {"false_positives_per_minute", "rmse_px", "mean_error_px"}:
        assert math.isnan(metrics[name]) or -1e-12 <= metrics[name] <= 1 + 1e-12, name
