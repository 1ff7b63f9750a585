"""An accuracy estimated without labels holds as far as the probabilities are calibrated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from raasid.stats.bootstrap import bootstrap
from raasid.stats.label_free import expected_accuracy

MATCHES, CLIPS = 10, 20


def predictions(seed: int, overconfidence: float = 1.0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """What a model says of its decisions, whether they are correct, and the matches.

    overconfidence: how many times the log odds that it says exceed the true ones.
    """
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(1.5, 0.5, MATCHES).repeat(CLIPS)
    log_odds = np.abs(difficulty + rng.normal(0, 1, MATCHES * CLIPS))
    correct = rng.random(MATCHES * CLIPS) < 1 / (1 + np.exp(-log_odds))
    matches = [f"match {number}" for number in range(MATCHES) for _ in range(CLIPS)]
    return 1 / (1 + np.exp(-overconfidence * log_odds)), correct, matches


def coverage(overconfidence: float) -> tuple[float, float]:
    """Share of simulations whose interval holds what labels say, and the mean error of the estimate."""
    held, error = [], []
    for seed in range(120):
        confidence, correct, matches = predictions(seed, overconfidence)
        answered = confidence >= 0.6
        found = expected_accuracy(confidence, answered, matches, seed, num_resamples=200).accuracy
        truth = float(correct[answered].mean())
        held.append(found.low <= truth <= found.high)
        error.append(found.value - truth)
    return float(np.mean(held)), float(np.mean(error))


def test_the_interval_of_a_calibrated_model_holds_what_labels_say() -> None:
    held, error = coverage(overconfidence=1.0)
    assert held >= 0.93
    assert abs(error) < 0.01


def test_an_overconfident_model_is_estimated_too_high_and_the_interval_does_not_tell() -> None:
    held, error = coverage(overconfidence=2.0)
    assert held < 0.2
    assert error > 0.07


def test_abstentions_are_left_out_of_the_accuracy_and_counted_in_the_coverage() -> None:
    confidence = np.array([0.9, 0.8, 0.5, 0.5])
    found = expected_accuracy(confidence, confidence > 0.6, ["a", "b", "a", "b"])
    assert found.accuracy.value == pytest.approx(0.85)
    assert found.coverage.value == 0.5
    assert (found.accuracy.n, found.accuracy.unit) == (2, "match")


def test_the_interval_is_as_wide_as_that_of_labels() -> None:
    confidence, correct, matches = predictions(seed=1)
    estimated = expected_accuracy(confidence, np.ones(len(confidence), bool), matches).accuracy
    labelled = bootstrap(matches, lambda weights: {"accuracy": weights @ correct / weights.sum(axis=1)})
    width = labelled["accuracy"].high - labelled["accuracy"].low
    assert estimated.high - estimated.low == pytest.approx(width, rel=0.35)


def test_the_order_of_the_samples_makes_no_difference() -> None:
    confidence, _, matches = predictions(seed=2)
    answered = confidence >= 0.7
    order = np.random.default_rng(0).permutation(len(confidence))
    mixed = expected_accuracy(confidence[order], answered[order], [matches[i] for i in order])
    assert mixed == expected_accuracy(confidence, answered, matches)


def test_nothing_answered_gives_no_estimate() -> None:
    found = expected_accuracy(np.array([0.5, 0.5]), np.zeros(2, bool), ["a", "b"])
    assert math.isnan(found.accuracy.value)
    assert math.isnan(found.accuracy.low)
    assert found.coverage.value == 0
