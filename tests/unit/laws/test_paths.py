"""Ways through an edition: they exclude each other and say what `decide` says."""

from __future__ import annotations

import random

import pytest

from raasid.laws.decide import decide
from raasid.laws.decision_paths import paths_of
from raasid.laws.edition_names import shipped_editions
from raasid.laws.facts import Facts, fact_values


@pytest.mark.parametrize("edition", shipped_editions())
def test_all_facts_together_take_one_way_and_it_decides_as_the_edition_does(edition: str) -> None:
    draw = random.Random(7)
    for _ in range(200):
        facts = {name: draw.choice(values) for name, values in fact_values().items()}
        taken = [
            path
            for path in paths_of(edition)
            if all(facts[name] in values for name, values in path.needs.items())
        ]
        ruling = decide(Facts(**facts), edition)  # type: ignore[arg-type]
        assert [(path.decision, path.clause) for path in taken] == [(ruling.decision, ruling.clause)]
