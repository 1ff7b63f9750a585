from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from judged_clips import facts, judged, ref

from raasid.evaluation.context.edition_consistency import edition_flips, flip_metrics, season_editions
from raasid.evaluation.context.matched import match_clips
from raasid.laws.edition_names import shipped_editions
from raasid.laws.facts import Facts

JUSTIFIED = facts(bigger=True, justified=True)
"""Until 2020/21 an arm that makes the body bigger was an offence; since then not if that is justified."""


def outcomes(*pairs: tuple[Facts, Facts]):
    refs = [ref(str(i), truth) for i, (truth, _) in enumerate(pairs)]
    return match_clips(refs, [judged(str(i), said, 0.5) for i, (_, said) in enumerate(pairs)])[0]


def metric(name: str, *pairs: tuple[Facts, Facts]) -> float:
    its = outcomes(*pairs)
    return float(flip_metrics(its)(np.ones((1, len(its))))[name][0])


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


def test_only_a_pair_that_both_editions_rule_right_counts():
    unjustified = facts(bigger=True)  # right in 2020/21, wrong ever after
    assert metric("season_flips", (JUSTIFIED, JUSTIFIED)) == 1.0
    assert metric("season_flips", (JUSTIFIED, facts())) == 0.0
    (outcome,) = outcomes((JUSTIFIED, unjustified))
    right = {flip.editions for flip in edition_flips(outcome) if flip.said == flip.truth}
    assert ("ifab_2018_19", "ifab_2020_21") in right
    assert ("ifab_2020_21", "ifab_2025_26") not in right


def test_right_facts_turn_every_pair_right_and_missing_ones_show():
    wrong = facts(deliberate=True, segment="foot")
    assert metric("season_flips", (JUSTIFIED, wrong)) == 0.0
    assert metric("season_flips_given_facts", (JUSTIFIED, wrong)) == 1.0
    blind = facts(bigger=None)  # a model that cannot see whether the arm makes the body bigger
    assert metric("season_flips_given_facts", (JUSTIFIED, blind)) < 1.0


def test_clips_that_no_change_of_wording_touches_have_no_flips():
    assert np.isnan(metric("season_flips", (facts(), facts())))


@pytest.mark.parametrize("edition", ["ifab_2018_19", "ifab_2020_21", "ifab_2025_26"])
def test_the_edition_that_judged_makes_no_difference(edition):
    said = judged("0", JUSTIFIED, 0.5, edition=edition)
    its, _ = match_clips([ref("0", JUSTIFIED)], [said])
    assert float(flip_metrics(its)(np.ones((1, 1)))["season_flips"][0]) == 1.0


def test_a_value_counts_however_unsure_the_model_names_it():
    said = dataclasses.replace(
        judged("0", JUSTIFIED, 0.5), most_likely=dataclasses.replace(JUSTIFIED, bigger=None)
    )
    its, _ = match_clips([ref("0", JUSTIFIED)], [said])
    assert float(flip_metrics(its)(np.ones((1, 1)))["season_flips"][0]) == 1.0


def test_an_overlay_of_one_competition_is_no_season():
    assert "pl_2020_10" in shipped_editions()
    assert "pl_2020_10" not in season_editions()
    assert {"ifab_2018_19", "ifab_2020_21", "ifab_2025_26"} <= set(season_editions())
