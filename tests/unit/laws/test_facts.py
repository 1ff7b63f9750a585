"""Facts as annotations store them."""

from __future__ import annotations

import pytest
from hypothesis import given
from law_strategies import PARTIAL

from raasid.laws.facts import Facts, FactsUnreadable, read_facts


@given(PARTIAL)
def test_recorded_facts_are_read_back_unchanged(facts: Facts) -> None:
    assert read_facts(facts.record()) == facts


def test_unknown_fact_names_are_ignored() -> None:
    assert read_facts({"weather": "rain", "bigger": True}) == Facts(bigger=True)


def test_null_is_the_same_as_absent() -> None:
    assert read_facts({"bigger": None}) == Facts()


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"deliberate": 1}, "facts: deliberate is 1; expected true, false"),
        ({"deliberate": "yes"}, "facts: deliberate is 'yes'; expected true, false"),
        ({"scored": False}, "facts: scored is False; expected no, directly, immediately, after_control"),
        ({"segment": "elbow"}, "facts: segment is 'elbow'; expected hand, forearm"),
        ({"segment": ["hand"]}, r"facts: segment is \['hand'\]; expected hand"),
    ],
)
def test_a_wrong_value_is_named(stored: dict[str, object], message: str) -> None:
    with pytest.raises(FactsUnreadable, match=message):
        read_facts(stored)
