from __future__ import annotations

from dataclasses import replace

import numpy as np
from small_footage import clip, frame, person

from raasid.footage.records import Ball, Clip
from raasid.validation.drift import Comparison, compare_features
from raasid.validation.image_stats import ImageStatsIndex
from raasid.validation.options import DriftRule

RULE = DriftRule()


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


def compared(here: list[Clip], there: list[Clip]) -> Comparison:
    return compare_features(here, ImageStatsIndex(), there, ImageStatsIndex(), RULE, seed=0)


def elsewhere(clips: list[Clip]) -> list[Clip]:
    """The same clips in matches of other names."""
    return [replace(c, provenance=replace(c.provenance, match=f"other {c.match}")) for c in clips]


def drifting(comparison: Comparison) -> set[str]:
    return {drift.feature for drift in comparison.drifts if drift.drifted}


def test_footage_like_the_reference_does_not_drift() -> None:
    found = compared(footage(60, 1), elsewhere(footage(60, 2)))
    assert drifting(found) == set()
    assert found.sentence == "none of 7 features drifts (60 current and 60 reference matches)"


def test_smaller_balls_and_more_nights_are_drift() -> None:
    found = compared(footage(60, 1, size=5, night=0.8), elsewhere(footage(60, 2)))
    assert drifting(found) == {"ball size", "tag night"}
    (size,) = [drift for drift in found.drifts if drift.feature == "ball size"]
    assert size.effect is not None
    assert size.effect > 1
    assert (round(200 * size.mean), round(200 * size.reference_mean)) == (5, 8)


def test_a_tag_that_only_one_side_has_counts_as_absent_on_the_other() -> None:
    found = compared(footage(60, 1, night=0.0), elsewhere(footage(60, 2, night=0.5)))
    assert drifting(found) == {"tag night"}
    assert {drift.mean for drift in found.drifts if drift.feature == "tag night"} == {0.0}


def test_clips_of_one_match_count_as_one() -> None:
    """Sixty clips of one match, whose balls differ from all others, are no evidence of drift."""
    one = [replace(c, provenance=replace(c.provenance, match="m")) for c in footage(60, 1, size=2)]
    found = compared(one, elsewhere(footage(60, 2)))
    assert found.sentence.startswith("too few matches: 1 current and 60 reference matches")
    assert {(drift.effect, drift.p, drift.drifted) for drift in found.drifts} == {(None, None, False)}


def test_matches_on_both_sides_are_left_out() -> None:
    both = footage(10, 3, size=5)
    found = compared([*footage(60, 1)[10:], *both], [*elsewhere(footage(60, 2)), *both])
    assert found.sentence.endswith("left out, because they are on both sides: 10 matches")
    assert "50 current and 60 reference matches" in found.sentence
    assert compared(both, both).drifts == []


def test_the_value_of_a_fact_whose_share_changed_most_is_named() -> None:
    def with_arm(clips: list[Clip], raised: float) -> list[Clip]:
        return [
            replace(c, facts={"arm": "raised" if k < raised * len(clips) else "low"})
            for k, c in enumerate(clips)
        ]

    found = compared(with_arm(footage(60, 1), 0.7), with_arm(elsewhere(footage(60, 2)), 0.2))
    (arm,) = [drift for drift in found.drifts if drift.feature.startswith("fact arm")]
    assert arm.drifted
    assert arm.feature in ("fact arm=raised", "fact arm=low")
    assert sorted([arm.mean, arm.reference_mean]) in ([0.2, 0.7], [0.3, 0.8])
