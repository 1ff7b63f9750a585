"""Hypothesis strategies for facts: complete, and partly unknown."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from raasid.laws.facts import Facts, fact_values

COMPLETE = st.builds(Facts, **{name: st.sampled_from(values) for name, values in fact_values().items()})
PARTIAL = st.builds(
    Facts, **{name: st.none() | st.sampled_from(values) for name, values in fact_values().items()}
)


def completed(facts: Facts, rng: random.Random) -> Facts:
    """Fill in the unknown facts at random."""
    values: dict[str, Any] = {name: rng.choice(values) for name, values in fact_values().items()}
    return Facts(**(values | facts.record()))
