from __future__ import annotations

import math

import pytest
from context_samples import OFFENCE, TUCKED, league, predict, ref

from raasid.evaluation.context.matched import match_clips
from raasid.evaluation.context.result import paired_difference


def outcomes(*pairs):
    return match_clips([r for r, _ in pairs], [j for _, j in pairs])[0]


def test_the_difference_is_over_the_clips_that_both_predicted():
    refs = [ref(str(i), OFFENCE, match=f"m{i % 3}") for i in range(6)]
    before = outcomes(*((r, predict(r.clip, TUCKED)) for r in refs))
    after = outcomes(*((r, predict(r.clip, OFFENCE if int(r.clip) < 3 else TUCKED)) for r in refs[:5]))
    found = paired_difference(before, after)
    assert found.value == pytest.approx(3 / 5)
    assert paired_difference(after, before).value == pytest.approx(-3 / 5)


def test_matches_that_are_hard_for_both_do_not_widen_the_interval():
    refs, predicted = league(10, 10)
    one = match_clips(refs, predicted)[0]
    better = [
        predict(r.clip, r.facts if i % 10 == 0 else j.most_likely)
        for i, (r, j) in enumerate(zip(refs, predicted, strict=True))
    ]
    found = paired_difference(one, match_clips(refs, better)[0])
    assert 0 <= found.low <= found.value <= found.high
    assert found.high - found.low < 0.15
    assert found.unit == "match"


def test_without_common_clips_the_difference_is_undefined():
    one = outcomes((ref("a", OFFENCE), predict("a", OFFENCE)))
    other = outcomes((ref("b", OFFENCE), predict("b", OFFENCE)))
    assert math.isnan(paired_difference(one, other).value)


def test_any_metric_of_the_decision_can_be_compared():
    refs = [ref("a", OFFENCE, match="m1"), *(ref(str(i), TUCKED, match=f"m{i}") for i in range(9))]
    never = outcomes(*((r, predict(r.clip, TUCKED)) for r in refs))
    always = outcomes(*((r, predict(r.clip, OFFENCE)) for r in refs))
    assert paired_difference(never, always).value == pytest.approx(-0.8)
    assert paired_difference(never, always, "balanced_accuracy").value == pytest.approx(0.0)
