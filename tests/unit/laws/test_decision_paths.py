"""Decision paths exclude each other and decide as `decide` does."""

from __future__ import annotations

import random

import pytest

from raasid.laws.decide import decide, shipped_decision_paths
from raasid.laws.edition_lookup import shipped_editions
from raasid.laws.facts import Facts, fact_values


@pytest.mark.parametrize("edition", shipped_editions())
def test_complete_facts_take_exactly_one_path_which_decides_as_the_edition_does(edition: str) -> None:
    draw = random.Random(7)
    for _ in range(200):
        facts = {name: draw.choice(values) for name, values in fact_values().items()}
        taken = [
            path
            for path in shipped_decision_paths(edition)
            if all(facts[name] in values for name, values in path.needs.items())
        ]
        ruling = decide(Facts(**facts), edition)  # type: ignore[arg-type]
        assert [(path.decision, path.clause) for path in taken] == [(ruling.decision, ruling.clause)]
