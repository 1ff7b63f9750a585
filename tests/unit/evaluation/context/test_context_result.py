from __future__ import annotations

import dataclasses
import math
import random

import numpy as np
import pytest
from context_samples import OFFENCE, TUCKED, league, predict, ref

from raasid.errors import UsageError
from raasid.evaluation.context.matched import match_clips
from raasid.evaluation.context.metrics import decision_metrics
from raasid.evaluation.context.result import ContextResult, evaluate_context
from raasid.laws.facts import Facts
from raasid.stats.bootstrap import bootstrap


@pytest.fixture(scope="module")
def result():
    return evaluate_context(*league(8, 12))


def test_the_primary_metrics_are_listed_last(result):
    names = [name for name, *_ in result.rows()]
    assert names[-5:] == ["macro_precision", "macro_recall", "macro_f1", "ece", "accuracy"]
    assert len(names) == len(set(names))
    assert result.score == result["accuracy"].value


def test_every_interval_holds_its_value_and_resamples_matches(result):
    assert result["accuracy"].unit == "match"
    assert result["accuracy"].n == 8
    for name, value, low, high in result.rows():
        if not math.isnan(low):
            assert low <= value <= high, name
    spread = [name for name, _, low, high in result.rows() if low < high]
    assert {"accuracy", "ece", "brier", "aurc", "macro_f1", "pr_auc_offence", "contact_within_2"} <= set(
        spread
    )


def test_the_interval_covers_the_value_over_many_matches():
    def metrics(matches: int, seed: int):
        outcomes, _ = match_clips(*league(matches, 12, seed=seed))
        return [outcome.match for outcome in outcomes], decision_metrics(outcomes)

    matches, truth_of = metrics(200, seed=99)
    truth = truth_of(np.ones((1, len(matches))))
    covered = dict.fromkeys(("accuracy", "brier", "pr_auc_offence"), 0)
    for seed in range(20):
        estimates = bootstrap(*metrics(12, seed), num_resamples=300)
        for name in covered:
            covered[name] += estimates[name].low <= truth[name][0] <= estimates[name].high
    assert all(hits >= 15 for hits in covered.values()), covered


def test_the_order_of_the_clips_makes_no_difference(result):
    pairs = list(zip(*league(8, 12), strict=True))
    random.Random(3).shuffle(pairs)
    again = evaluate_context(*zip(*pairs, strict=True))
    assert again.to_json() == result.to_json()


def test_a_context_result_is_read_back_unchanged(result, tmp_path):
    result.write(tmp_path / "metrics.json")
    back = ContextResult.read(tmp_path / "metrics.json")
    assert back.to_json() == result.to_json()
    assert dataclasses.replace(back, curves={}, outcomes=[]).facts == result.facts


def test_two_kinds_of_tracks_are_in_one_result():
    refs, predicted = league(4, 10)
    truth_refs, perfect = (
        [dataclasses.replace(each, source="truth") for each in refs],
        [predict(each.clip, each.facts) for each in refs],
    )
    both = evaluate_context(refs + truth_refs, predicted + perfect)
    alone = evaluate_context(refs, predicted)
    assert both.source == "predicted"
    assert both["accuracy"] == alone["accuracy"]
    assert both["accuracy_truth_tracks"].value == 1.0
    assert set(both.curves) == {"predicted", "truth"}
    assert both.counts == alone.counts
    on_truth = evaluate_context(refs + truth_refs, predicted + perfect, source="truth")
    assert on_truth["accuracy"].value == 1.0
    assert on_truth["accuracy_predicted_tracks"].value == alone["accuracy"].value


def test_slices_are_by_tag_and_by_match(result):
    tags = {part.name: part for part in result.slices if part.by == "tag"}
    assert set(tags) == {"day", "night", "scenario_near_miss"}
    assert tags["day"].counts["clips"] + tags["night"].counts["clips"] == result.counts["clips"]
    assert tags["scenario_near_miss"].counts["offences"] == 0
    assert sum(part.by == "match" for part in result.slices) == 8


def test_the_confusion_lists_abstentions_separately():
    refs = [ref("a", OFFENCE), ref("b", OFFENCE), ref("c", TUCKED)]
    predicted = [predict("a", OFFENCE), predict("b", TUCKED, abstained=True), predict("c", TUCKED)]
    assert evaluate_context(refs, predicted).confusion == {
        "offence": {"offence": 1, "no_offence": 0, "abstained": 1},
        "no_offence": {"offence": 0, "no_offence": 1, "abstained": 0},
    }


def test_clips_without_a_decision_are_counted_and_an_error_if_there_are_no_others():
    sparse = ref("a", Facts(segment="hand", goalkeeper=False))
    result = evaluate_context([sparse, ref("b", OFFENCE)], [predict("a", OFFENCE), predict("b", OFFENCE)])
    assert (result.counts["clips"], result.unruled) == (1, 1)
    assert "1 more are annotated too sparsely" in result.description
    with pytest.raises(UsageError, match="none of 1 held-out clips has facts"):
        evaluate_context([sparse], [predict("a", OFFENCE)])
    with pytest.raises(UsageError, match="on truth tracks"):
        evaluate_context([ref("b", OFFENCE)], [predict("b", OFFENCE)], source="truth")
