from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from context_samples import facts, predict, ref

from raasid.evaluation.context.edition_consistency import edition_flips, flip_metrics, season_editions
from raasid.evaluation.context.matched import match_clips
from raasid.laws.edition_lookup import shipped_editions
from raasid.laws.facts import Facts

JUSTIFIED = facts(bigger=True, justified=True)
"""Until 2020/21 an arm that makes the body bigger was an offence; since then not if that is justified."""


def outcomes(*pairs: tuple[Facts, Facts]):
    refs = [ref(str(i), truth) for i, (truth, _) in enumerate(pairs)]
    return match_clips(refs, [predict(str(i), predicted, 0.5) for i, (_, predicted) in enumerate(pairs)])[0]


def metric(name: str, *pairs: tuple[Facts, Facts]) -> float:
    found = outcomes(*pairs)
    return float(flip_metrics(found)(np.ones((1, len(found))))[name][0])


def test_a_flip_is_two_editions_that_disagree_on_the_annotated_facts():
    (outcome,) = outcomes((JUSTIFIED, JUSTIFIED))
    found = {
        flip.editions: flip.truth
        for flip in edition_flips(outcome, ["ifab_2018_19", "ifab_2020_21", "ifab_2021_22", "ifab_2025_26"])
    }
    assert found == {
        ("ifab_2018_19", "ifab_2020_21"): ("no_offence", "offence"),
        ("ifab_2020_21", "ifab_2021_22"): ("offence", "no_offence"),
        ("ifab_2020_21", "ifab_2025_26"): ("offence", "no_offence"),
    }
    assert edition_flips(outcomes((facts(deliberate=True), facts()))[0]) == []


def test_only_flips_that_both_editions_decide_correctly_count():
    unjustified = facts(bigger=True)  # correct in 2020/21, wrong later
    assert metric("season_flips", (JUSTIFIED, JUSTIFIED)) == 1.0
    assert metric("season_flips", (JUSTIFIED, facts())) == 0.0
    (outcome,) = outcomes((JUSTIFIED, unjustified))
    correct = {flip.editions for flip in edition_flips(outcome) if flip.predicted == flip.truth}
    assert ("ifab_2018_19", "ifab_2020_21") in correct
    assert ("ifab_2020_21", "ifab_2025_26") not in correct


def test_given_facts_correct_every_flip_except_for_facts_that_are_not_predicted():
    wrong = facts(deliberate=True, segment="foot")
    assert metric("season_flips", (JUSTIFIED, wrong)) == 0.0
    assert metric("season_flips_given_facts", (JUSTIFIED, wrong)) == 1.0
    without_fact = facts(bigger=None)  # a model that cannot predict whether the arm makes the body bigger
    assert metric("season_flips_given_facts", (JUSTIFIED, without_fact)) < 1.0


def test_clips_that_all_editions_decide_alike_have_no_flips():
    assert np.isnan(metric("season_flips", (facts(), facts())))


@pytest.mark.parametrize("edition", ["ifab_2018_19", "ifab_2020_21", "ifab_2025_26"])
def test_the_edition_of_the_prediction_makes_no_difference(edition):
    predicted = predict("0", JUSTIFIED, 0.5, edition=edition)
    found, _ = match_clips([ref("0", JUSTIFIED)], [predicted])
    assert float(flip_metrics(found)(np.ones((1, 1)))["season_flips"][0]) == 1.0


def test_a_predicted_value_counts_even_at_low_confidence():
    predicted = dataclasses.replace(
        predict("0", JUSTIFIED, 0.5), most_likely=dataclasses.replace(JUSTIFIED, bigger=None)
    )
    found, _ = match_clips([ref("0", JUSTIFIED)], [predicted])
    assert float(flip_metrics(found)(np.ones((1, 1)))["season_flips"][0]) == 1.0


def test_the_variant_of_one_competition_is_no_season():
    assert "pl_2020_10" in shipped_editions()
    assert "pl_2020_10" not in season_editions()
    assert {"ifab_2018_19", "ifab_2020_21", "ifab_2025_26"} <= set(season_editions())
