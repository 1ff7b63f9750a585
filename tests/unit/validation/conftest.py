from __future__ import annotations

import pytest
from soak import rounds

from raasid.footage.records import Clip
from raasid.synthetic.generate import generate
from raasid.synthetic.league import League

SEEDS = (51, 52)[: rounds(1, 2)]
"""Different from those on which the thresholds were chosen (11 to 18, 21 to 23, 31, 42)."""


@pytest.fixture(scope="session")
def leagues(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Clip]]:
    """Leagues of consecutive frames."""
    folder = tmp_path_factory.mktemp("leagues")
    out = {}
    for seed in SEEDS:
        league = League(matches=7, clips_per_match=2, frames_per_clip=12, stride=1, seed=seed)
        out[seed] = generate(league, folder)
    return out
