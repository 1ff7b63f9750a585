from __future__ import annotations

import math

import pytest
from ball_footage import ball, found, frame

from raasid.evaluation.ball.matched import OutcomeType, match_frames
from raasid.footage.records import Ball, Visibility


def kind(ref, detections, threshold=0.5):
    return match_frames([ref], [detections], threshold)[0].kind


@pytest.mark.parametrize(("offset", "expected"), [(3.999, OutcomeType.HIT), (4.0, OutcomeType.MISLOCATED)])
def test_a_hit_is_strictly_nearer_than_four_pixels(offset, expected):
    assert kind(frame(balls=[ball(100, 100)]), found((100 + offset, 100, 0.9))) is expected


@pytest.mark.parametrize(("offset", "expected"), [(14.9, OutcomeType.HIT), (15.0, OutcomeType.MISLOCATED)])
def test_the_tolerance_grows_with_the_width_of_the_frame(offset, expected):
    ref = frame(balls=[ball(1000, 500)], width=1920)
    assert kind(ref, found((1000 + offset, 500, 0.9))) is expected


def test_the_distance_is_in_pixels_of_the_reference_width():
    ref = frame(balls=[ball(1000, 500)], width=1024)
    assert match_frames([ref], [found((1003, 504, 0.9))], 0.5)[0].distance_px == pytest.approx(2.5)


def test_only_the_top_candidate_counts():
    ref = frame(balls=[ball(100, 100)])
    assert kind(ref, found((100, 100, 0.8), (300, 200, 0.9))) is OutcomeType.MISLOCATED


def test_a_score_equal_to_the_threshold_is_a_prediction():
    assert kind(frame(balls=[ball(9, 9)]), found((9, 9, 0.5)), threshold=0.5) is OutcomeType.HIT


def test_a_frame_without_a_prediction_is_a_miss_or_a_true_negative():
    weak = found((100, 100, 0.2))
    assert kind(frame(balls=[ball(100, 100)]), weak) is OutcomeType.MISS
    outcome = match_frames([frame()], [weak], 0.5)[0]
    assert outcome.kind is OutcomeType.TRUE_NEGATIVE
    assert outcome.top is None
    assert math.isnan(outcome.score)
    assert math.isnan(outcome.distance_px)


def test_a_prediction_where_no_ball_is_visible_is_unwanted():
    assert kind(frame(), found((100, 100, 0.9))) is OutcomeType.UNWANTED


def test_a_covered_ball_is_ignored():
    hidden = Ball(100, 100, 10, 10, Visibility.HIDDEN)
    assert kind(frame(balls=[hidden]), found((100, 100, 0.9))) is OutcomeType.TRUE_NEGATIVE
    assert kind(frame(balls=[hidden]), found((200, 100, 0.9))) is OutcomeType.UNWANTED
    assert kind(frame(balls=[hidden]), found()) is OutcomeType.TRUE_NEGATIVE


def test_another_visible_ball_is_neither_a_hit_nor_a_false_positive():
    second = found((300, 200, 0.9))
    assert kind(frame(balls=[ball(100, 100), ball(300, 200)]), second) is OutcomeType.MISS
    hidden = Ball(100, 100, 10, 10, Visibility.HIDDEN)
    assert kind(frame(balls=[hidden, ball(300, 200)]), second) is OutcomeType.TRUE_NEGATIVE


def test_a_score_of_nan_is_no_prediction():
    assert kind(frame(balls=[ball(9, 9)]), found((9, 9, math.nan))) is OutcomeType.MISS
