from __future__ import annotations

from dataclasses import replace

import numpy as np
from small_footage import clip, frame, person

from raasid.footage.records import Ball, Clip
from raasid.validation.drift import Drift, compare_features
from raasid.validation.image_stats import ImageStatsIndex
from raasid.validation.options import DriftRule

RULE = DriftRule(permutations=199)


def footage(count: int, seed: int, size: float = 8.0, night: float = 0.2) -> list[Clip]:
    rng = np.random.default_rng(seed)
    out = []
    for k in range(count):
        x, y, wide = rng.uniform(20, 180), rng.uniform(20, 100), rng.normal(size, 1)
        frames = [frame(i, Ball(x + i, y, wide, wide), persons=[person()]) for i in range(4)]
        made = clip(*frames, name=f"c{k}", match=f"m{k}")
        tags = ("night",) if rng.random() < night else ()
        out.append(replace(made, tags=tags, facts={"deliberate": bool(rng.random() < 0.5)}))
    return out


def drifts(here: list[Clip], there: list[Clip]) -> dict[str, Drift]:
    return {
        drift.feature: drift
        for drift in compare_features(here, ImageStatsIndex(), there, ImageStatsIndex(), RULE, seed=0)
    }


def test_footage_like_the_reference_does_not_drift() -> None:
    assert [name for name, d in drifts(footage(60, 1), footage(60, 2)).items() if d.drifted] == []


def test_smaller_balls_and_more_nights_are_drift() -> None:
    found = drifts(footage(60, 1, size=5, night=0.8), footage(60, 2))
    assert {name for name, drift in found.items() if drift.drifted} == {"ball size", "tag night"}
    assert found["ball size"].effect is not None
    assert found["ball size"].effect > 1


def test_a_tag_that_only_one_side_has_counts_as_absent_on_the_other() -> None:
    found = drifts(footage(60, 1, night=0.0), footage(60, 2, night=0.5))
    assert found["tag night"].drifted
    assert found["tag night"].mean == 0.0


def test_a_small_sample_is_reported_as_too_small() -> None:
    found = drifts(footage(8, 1, size=2), footage(60, 2))
    assert {(drift.effect, drift.p, drift.drifted) for drift in found.values()} == {(None, None, False)}
