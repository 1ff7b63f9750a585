"""Facts as hypothesis makes them: some known, some not."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from raasid.laws.facts import Facts, fact_values

COMPLETE = st.builds(Facts, **{name: st.sampled_from(values) for name, values in fact_values().items()})
PARTIAL = st.builds(
    Facts, **{name: st.none() | st.sampled_from(values) for name, values in fact_values().items()}
)


def completed(facts: Facts, chance: random.Random) -> Facts:
    """One way to fill in what is not known."""
    seen: dict[str, Any] = {name: chance.choice(values) for name, values in fact_values().items()}
    return Facts(**(seen | facts.record()))
