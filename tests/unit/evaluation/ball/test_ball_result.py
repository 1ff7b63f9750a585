from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from ball_footage import found, frame, league

from raasid.evaluation.ball.result import BallResult, evaluate_ball
from raasid.evaluation.result import ResultUnreadable


def test_a_ball_result_is_read_back_to_the_last_bit(tmp_path):
    refs, detections = league(3, 15)
    result = evaluate_ball(refs, detections, threshold=0.1 + 0.2, seed=1)
    result.write(tmp_path / "metrics.json")
    again = BallResult.read(tmp_path / "metrics.json")
    assert again.to_json() == result.to_json()
    assert again["detection_rate"] == result["detection_rate"]
    assert again.threshold == 0.1 + 0.2
    for name, curve in result.curves.items():
        for column in curve.__slots__:
            np.testing.assert_array_equal(getattr(again.curves[name], column), getattr(curve, column))


def test_nan_is_written_as_null_and_read_back():
    result = evaluate_ball([frame()], [found()], threshold=0.5)
    tree = json.loads(result.to_json())
    assert tree["estimates"]["detection_rate"]["value"] is None
    assert np.isnan(BallResult.from_json(result.to_json())["detection_rate"].value)


def test_the_order_of_frames_does_not_change_the_file():
    refs, detections = league(3, 15)
    backwards = evaluate_ball(refs[::-1], detections[::-1], threshold=0.5)
    assert backwards.to_json() == evaluate_ball(refs, detections, threshold=0.5).to_json()


def test_the_primary_metrics_are_printed_last():
    rows = evaluate_ball(*league(2, 10), threshold=0.5).rows()
    assert [name for name, *_ in rows[-2:]] == ["false_positives", "detection_rate"]
    assert len({name for name, *_ in rows}) == len(rows)


def test_a_file_that_is_no_result_is_refused_by_name(tmp_path):
    damaged = tmp_path / "metrics.json"
    with pytest.raises(ResultUnreadable, match="no such file"):
        BallResult.read(damaged)
    text = evaluate_ball(*league(2, 5), threshold=0.5).to_json()
    for content in (text[:100], "{}", "[]", text.replace('"format": 2', '"format": 99')):
        damaged.write_text(content)
        with pytest.raises(ResultUnreadable, match=r"metrics\.json"):
            BallResult.read(damaged)


def test_a_result_counts_its_samples():
    result = evaluate_ball(*league(3, 10), threshold=0.5)
    assert (result.counts["frames"], result.counts["matches"]) == (30, 3)
    assert result.counts["with ball"] == sum(o.truth is not None for o in result.outcomes)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.threshold = 0.9  # type: ignore[misc]
