from __future__ import annotations

import numpy as np
import pytest
from context_samples import NO_TOUCH, OFFENCE, TUCKED, facts, predict, ref

from raasid.evaluation.context.fact_metrics import fact_accuracy, fact_scores
from raasid.evaluation.context.matched import match_clips


def outcomes(*pairs):
    refs = [ref(str(i), truth, match=f"m{i}") for i, (truth, _) in enumerate(pairs)]
    return match_clips(
        refs, [predict(str(i), predicted, confidence=0.8) for i, (_, predicted) in enumerate(pairs)]
    )[0]


def test_each_fact_has_its_metrics_and_its_majority_share():
    scores = {
        score.fact: score
        for score in fact_scores(outcomes((OFFENCE, OFFENCE), (OFFENCE, TUCKED), *[(TUCKED, TUCKED)] * 6))
    }
    deliberate = scores["deliberate"]
    assert deliberate.clips == 8
    assert deliberate.majority == 6 / 8
    assert deliberate.estimates["accuracy"].value == 7 / 8
    assert deliberate.estimates["balanced_accuracy"].value == pytest.approx((1 / 2 + 1) / 2)
    assert deliberate.estimates["ece"].value == pytest.approx(7 / 8 - 0.8)
    # 7 clips with 0.2 off the truth and 0.2 on the other value, 1 with 0.8 and 0.8
    assert deliberate.estimates["brier"].value == pytest.approx((7 * 2 * 0.04 + 2 * 0.64) / 8)
    assert deliberate.estimates["accuracy"].low <= 7 / 8 <= deliberate.estimates["accuracy"].high


def test_facts_about_a_touch_are_scored_on_touches_only():
    scores = {
        score.fact: score.clips for score in fact_scores(outcomes((NO_TOUCH, TUCKED), (TUCKED, TUCKED)))
    }
    assert scores["segment"] == 2
    assert scores["deliberate"] == 1


def test_a_fact_that_is_not_annotated_or_not_predicted_is_not_scored():
    pairs = [(facts(close_range=None), TUCKED), (TUCKED, facts(bigger=None))]
    scores = {score.fact: score.clips for score in fact_scores(outcomes(*pairs))}
    assert scores["close_range"] == 1
    assert scores["bigger"] == 1
    assert "own_deflection" in scores
    only = fact_scores(outcomes((facts(close_range=None), TUCKED)))
    assert "close_range" not in {score.fact for score in only}


def test_the_mean_weighs_each_fact_equally():
    its_outcomes = outcomes((OFFENCE, TUCKED), (NO_TOUCH, NO_TOUCH))
    weights = np.array([[1.0, 1.0], [0.0, 1.0]])
    found = fact_accuracy(its_outcomes)(weights)["fact_accuracy"]
    names = len(fact_scores(its_outcomes))
    assert found[0] == pytest.approx((names - 1) / names)  # `deliberate` alone is wrong, in its only clip
    assert found[1] == 1.0
