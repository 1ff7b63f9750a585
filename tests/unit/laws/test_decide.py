"""Rulings from partly known facts, for any facts and every edition."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law_strategies import COMPLETE, PARTIAL, completed
from soak import rounds

from raasid.laws.decide import decide, derive_ruling
from raasid.laws.edition_lookup import EditionUnknown, get_edition, shipped_editions
from raasid.laws.facts import Facts, fact_values

EDITIONS = st.sampled_from(shipped_editions())
REPRESENTATIVES = {"segment": ("hand", "shoulder", "chest")}
"""Enough values to distinguish all editions where trying every value would take too long."""


@given(COMPLETE, EDITIONS)
@settings(max_examples=rounds(200, 2000))
@pytest.mark.soak
def test_complete_facts_always_get_a_complete_ruling(facts: Facts, edition: str) -> None:
    ruling = decide(facts, edition)

    assert None not in {getattr(ruling, field.name) for field in fields(ruling)}
    assert (ruling.restart == "play_on") == (ruling.decision == "no_offence")
    assert ruling.decision == "offence" or ruling.sanction == "none"


@given(PARTIAL, EDITIONS, st.randoms(use_true_random=False))
@settings(max_examples=rounds(150, 2000))
@pytest.mark.soak
def test_additional_facts_never_change_a_decision(facts: Facts, edition: str, rng: random.Random) -> None:
    early = decide(facts, edition)

    for _ in range(5):
        late = decide(completed(facts, rng), edition)
        for name in ("decision", "restart", "sanction", "clause"):
            if getattr(early, name) is not None:
                assert getattr(late, name) == getattr(early, name)
        if early.confidence == "clear":
            assert late.confidence == "clear"


@given(COMPLETE, EDITIONS, st.sets(st.sampled_from(sorted(fact_values())), max_size=4))
@settings(max_examples=rounds(60, 600))
@pytest.mark.soak
def test_it_abstains_only_where_two_completions_differ(facts: Facts, edition: str, hidden: set[str]) -> None:
    nothing: dict[str, Any] = dict.fromkeys(hidden)
    result = derive_ruling(replace(facts, **nothing), edition)
    completions: list[dict[str, Any]] = [
        dict(zip(hidden, values, strict=True))
        for values in product(*(REPRESENTATIVES.get(name, fact_values()[name]) for name in hidden))
    ]
    decisions = {decide(replace(facts, **completion), edition).decision for completion in completions}

    assert result.ruling.abstained == (len(decisions) > 1)
    assert set(result.missing) <= hidden
    assert bool(result.missing) == result.ruling.abstained


@given(PARTIAL, EDITIONS, st.randoms(use_true_random=False))
@settings(max_examples=rounds(100, 1000))
@pytest.mark.soak
def test_with_the_missing_facts_there_is_a_decision(facts: Facts, edition: str, rng: random.Random) -> None:
    missing = derive_ruling(facts, edition).missing
    all_known = completed(facts, rng)
    known: dict[str, Any] = {name: getattr(all_known, name) for name in missing}

    assert not decide(replace(facts, **known), edition).abstained


@given(PARTIAL)
def test_editions_without_changes_decide_as_the_one_before(facts: Facts) -> None:
    before = decide(facts, "ifab_2024_25")

    for edition in ("ifab_2025_26", "ifab_2026_27"):
        assert decide(facts, edition) == replace(before, edition=edition)


@given(COMPLETE)
def test_the_overlay_only_ever_excuses(facts: Facts) -> None:
    laws, overlay = decide(facts, "ifab_2020_21"), decide(facts, "pl_2020_10")

    assert overlay.decision == laws.decision or overlay.clause in ("expected_position", "reaction_time")
    assert (laws.decision, overlay.decision) != ("no_offence", "offence")


def test_only_facts_that_the_decision_depends_on_are_missing() -> None:
    hit = Facts(segment="hand", goalkeeper=False, deliberate=False, scored="no", bigger=True)

    assert derive_ruling(hit, "ifab_2021_22").missing == ("justified",)  # not where it was, nor how close
    assert derive_ruling(replace(hit, deliberate=None), "ifab_2018_19").missing == ("deliberate",)
    assert derive_ruling(Facts(segment="foot"), "ifab_2021_22").missing == ()


def test_the_clarity_of_a_decision_is_the_minimum_over_possible_clauses() -> None:
    hit = Facts(segment="hand", goalkeeper=False, deliberate=False, scored="no", bigger=True, justified=False)

    assert decide(replace(hit, close_range=False), "ifab_2021_22").confidence == "clear"
    assert decide(hit, "ifab_2021_22").confidence == "discretionary"


def test_an_edition_can_be_passed_as_an_object() -> None:
    assert decide(Facts(segment="foot"), get_edition("ifab_2019_20")).edition == "ifab_2019_20"


def test_an_unknown_edition_is_named_with_the_nearest_one() -> None:
    with pytest.raises(
        EditionUnknown, match=r"no such edition: 'ifab_2021_23'; did you mean 'ifab_2021_22'\?"
    ):
        decide(Facts(), "ifab_2021_23")
