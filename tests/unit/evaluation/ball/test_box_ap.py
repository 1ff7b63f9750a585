from __future__ import annotations

import math

import pytest
from ball_footage import ball, found, frame

from raasid.evaluation.ball.matched import match_frames
from raasid.evaluation.ball.metrics import box_ap


def ap(refs, detections):
    return box_ap(match_frames(refs, detections, 0.5), iou=0.5)


def test_boxes_on_every_ball_are_perfect():
    refs = [frame(0, [ball(50, 50)]), frame(1, [ball(90, 90), ball(200, 200)])]
    assert ap(refs, [found((50, 50, 0.9)), found((90, 90, 0.3), (200, 200, 0.2))]) == pytest.approx(1.0)


def test_a_second_box_on_one_ball_is_false():
    refs = [frame(0, [ball(50, 50)]), frame(1, [ball(90, 90)])]
    # Ranked: right, double, right. Precision is 1 up to recall 0.5 (51 of 101 points), then 2/3.
    detections = [found((50, 50, 0.9), (51, 50, 0.8)), found((90, 90, 0.7))]
    assert ap(refs, detections) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_a_box_needs_half_the_union():
    # Boxes of 10 pixels: shifted by 3 the IoU is 0.54, by 4 it is 0.43.
    assert ap([frame(0, [ball(50, 50)])], [found((53, 50, 0.9))]) == pytest.approx(1.0)
    assert ap([frame(0, [ball(50, 50)])], [found((54, 50, 0.9))]) == 0.0


def test_without_a_ball_there_is_no_average_precision():
    assert math.isnan(ap([frame()], [found((50, 50, 0.9))]))
