from __future__ import annotations

import numpy as np
import pytest

from raasid.evaluation.context.probabilities import area_under_risk, risk_coverage, weighted_average_precision


def one(metric, score, marked, weights=None):
    w = np.ones((1, len(score))) if weights is None else np.array([weights], float)
    return float(metric(np.array(score, float), np.array(marked, float), w)[0])


@pytest.mark.parametrize(
    ("score", "positive", "expected"),
    [
        ([0.9, 0.8, 0.1], [1, 1, 0], 1.0),
        ([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 0], (1 + 2 / 3) / 2),  # the textbook sum
        ([0.1, 0.9], [1, 0], 0.5),
        ([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0], 0.25),  # a constant score has the base rate
    ],
)
def test_average_precision_is_recall_gained_times_precision(score, positive, expected):
    assert one(weighted_average_precision, score, positive) == pytest.approx(expected)


def test_without_a_positive_there_is_no_average_precision():
    assert np.isnan(one(weighted_average_precision, [0.3, 0.2], [0, 0]))


def test_the_most_confident_answers_come_first():
    curve = risk_coverage(np.array([0.6, 0.9, 0.8, 0.6]), np.array([1.0, 0.0, 0.0, 0.0]))
    assert curve.coverage.tolist() == [0.25, 0.5, 1.0]
    assert curve.risk.tolist() == [0.0, 0.0, 0.25]
    assert curve.confidence.tolist() == [0.9, 0.8, 0.6]


def test_uninformative_confidence_has_the_error_rate_as_area():
    rng = np.random.default_rng(0)
    wrong = (rng.random(4000) < 0.3).astype(float)
    assert one(area_under_risk, np.full(4000, 0.7), wrong) == pytest.approx(wrong.mean())
    assert one(area_under_risk, rng.random(4000), wrong) == pytest.approx(wrong.mean(), abs=0.04)
    last = np.argsort(wrong, kind="stable")
    assert one(area_under_risk, -np.arange(4000.0), wrong[last]) < 0.06  # errors last: the minimum


@pytest.mark.parametrize("metric", [weighted_average_precision, area_under_risk])
def test_weights_are_repetitions(metric):
    rng = np.random.default_rng(5)
    score, marked = rng.random(30).round(1), (rng.random(30) < 0.4).astype(float)
    weights = rng.integers(0, 3, 30)
    repeated = one(metric, np.repeat(score, weights), np.repeat(marked, weights))
    assert one(metric, score, marked, weights) == pytest.approx(repeated)
