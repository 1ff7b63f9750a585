from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paired_models import evaluation, paired
from soak import rounds

from raasid.deploy.gate import judge
from raasid.deploy.leakage import Leak, LeakCheck
from raasid.deploy.options import GateOptions
from raasid.deploy.verdict import GateRefused, GateVerdict
from raasid.errors import Exit
from raasid.evaluation.paired import PairedMetric, PairedSample
from raasid.stats.bootstrap import Estimate
from raasid.stats.paired_difference import RatioOfSums

CLEAN = LeakCheck()
OPTIONS = GateOptions(margin=0.05, tag_margin=0.05, anchor_margin=0.08)


def day_or_night(match, sample):
    return ("night" if match % 4 == 0 else "day",)


def decide(comparison, options=OPTIONS, **more):
    return judge(comparison, options, **{"leakage": CLEAN, **more})


def rows_of(verdict, rule):
    return {row.tag or row.metric: row for row in verdict.rows if row.rule == rule}


def test_a_better_challenger_passes_and_becomes_the_anchor():
    verdict = decide(paired(0.6, 0.8, tags=day_or_night))
    assert (verdict.passed, verdict.is_new_anchor) == (True, True)
    assert rows_of(verdict, "overall")["detection_rate"].finding == "better"
    assert verdict.reason.startswith(
        "detection_rate rises from 0.560 to 0.764 (+0.204 [+0.161, +0.247], 20 matches)"
    )
    assert "none of 2 tags shows a loss" in verdict.reason


def test_the_same_model_passes_and_does_not_become_the_anchor():
    comparison = paired(tags=day_or_night)
    champion, _ = comparison.primary.models
    same = replace(comparison, primary=replace(comparison.primary, models=(champion, champion)))
    verdict = decide(same)
    assert (verdict.passed, verdict.is_new_anchor) == (True, False)
    assert {row.finding for row in verdict.rows if row.rule in ("overall", "tag")} == {"no worse"}


def test_a_challenger_that_is_worse_overall_is_refused():
    verdict = decide(paired(0.8, 0.6))
    assert not verdict.passed
    assert rows_of(verdict, "overall")["detection_rate"].finding == "worse"
    assert "falls from" in verdict.reason
    assert GateRefused(verdict).exit == Exit.REFUSED


def test_a_challenger_that_is_worse_on_one_tag_only_is_refused_by_the_name_of_the_tag():
    verdict = decide(paired(0.6, 0.8, tags=day_or_night, matches=28, challenger_on={"night": 0.3}))
    assert [row.tag for row in verdict.failures] == ["night"]
    assert rows_of(verdict, "overall")["detection_rate"].passes
    assert verdict.reason.startswith("detection_rate on night falls from")
    assert "a loss of at most 0.05 is allowed" in verdict.reason


def test_noise_that_hides_a_loss_overall_refuses_and_says_how_many_matches_would_do():
    verdict = decide(paired(matches=6, samples=6, match_spread=0.2))
    row = rows_of(verdict, "overall")["detection_rate"]
    assert (row.finding, row.passes) == ("not shown", False)
    assert "matches would show that an equal model is no worse" in row.note
    assert "not shown" in verdict.reason


def test_too_few_matches_are_a_verdict_of_their_own():
    verdict = decide(paired(matches=3))
    assert not verdict.passed
    assert "3 matches are too few to compare detection_rate" in verdict.reason

    def snow(match, sample):
        return ("snow",) if match < 3 else ()

    rare = decide(paired(0.5, 0.8, tags=snow, challenger_on={"snow": 0.0}))
    assert rare.passed
    row = rows_of(rare, "tag")["snow"]
    assert (row.finding, row.passes, row.matches) == ("not enough matches", True, 3)
    assert "too few matches for 1 more" in rare.reason


def test_only_matches_with_samples_that_count_are_counted():
    rows = [PairedSample((f"m{k // 4}", k), f"m{k // 4}", (), None) for k in range(40)]
    visible = np.array([k // 4 < 4 for k in range(40)], float)
    comparison = evaluation(rows, visible, visible)
    models = RatioOfSums(visible, visible), RatioOfSums(visible, visible)
    few = replace(comparison, primary=PairedMetric("detection_rate", "higher", models, visible > 0))
    assert rows_of(decide(few), "overall")["detection_rate"].matches == 4


def test_tags_of_few_matches_may_be_required_to_be_proven():
    comparison = paired(0.8, 0.8, matches=24, samples=12, match_spread=0.1, tags=day_or_night, seed=1)
    lax = decide(comparison, OPTIONS.model_copy(update={"margin": 0.3, "anchor_margin": 0.3}))
    strict = decide(
        comparison, OPTIONS.model_copy(update={"margin": 0.3, "anchor_margin": 0.3, "prove_tags": True})
    )
    assert rows_of(lax, "tag")["night"].finding == "not shown"
    assert lax.passed
    assert not strict.passed


def test_a_metric_that_is_undefined_for_one_model_refuses():
    comparison = paired()
    champion, _ = comparison.primary.models
    broken = RatioOfSums(np.full(len(comparison.samples), math.nan), np.ones(len(comparison.samples)))
    verdict = decide(replace(comparison, primary=replace(comparison.primary, models=(champion, broken))))
    assert not verdict.passed
    assert "undefined for one of the models" in verdict.reason
    json.loads(verdict.to_json())


def test_leaked_matches_refuse_and_are_named():
    check = LeakCheck((Leak("m003", "train", "challenger"), Leak("m007", "val", "ball_model v20261101.1")))
    verdict = decide(paired(0.6, 0.8), leakage=check)
    assert not verdict.passed
    assert "m003 (train of the challenger)" in verdict.reason
    assert "m007 (val of the ball_model v20261101.1)" in verdict.reason


def test_a_champion_that_knows_the_test_matches_is_noted_and_refuses_nothing():
    check = LeakCheck((Leak("m003", "train", "champion"),))
    verdict = decide(paired(0.6, 0.8), champion_leakage=check)
    assert verdict.passed
    assert "favours the champion, as it was trained on m003 (train of the champion)" in verdict.rows[0].note


@pytest.mark.parametrize("check", [None, LeakCheck(unknown=("challenger",))])
def test_unknown_training_data_refuse(check):
    verdict = decide(paired(0.6, 0.8), leakage=check)
    assert not verdict.passed
    assert "unknown" in verdict.reason


def test_a_worn_test_set_asks_for_fresh_matches():
    options = GateOptions(margin=0.05, anchor_margin=0.05, max_looks=3)
    assert decide(paired(0.6, 0.8), options, look=3).passed
    worn = decide(paired(0.6, 0.8), options, look=4)
    assert not worn.passed
    assert "has judged 3 challengers, and 3 are allowed: fresh matches are needed" in worn.reason


def test_steps_that_are_each_no_worse_are_stopped_by_the_anchor():
    rates, champion, anchor, refused_at = [0.90 - 0.015 * k for k in range(12)], 0, 0, None
    options = GateOptions(margin=0.05, anchor_margin=0.06, tag_margin=0.05)
    kw = {"matches": 120, "match_spread": 0.02}
    for step in range(1, len(rates)):
        verdict = decide(
            paired(rates[champion], rates[step], seed=step, **kw),
            options,
            anchor=paired(rates[anchor], rates[step], seed=1000 + step, **kw),
        )
        assert rows_of(verdict, "overall")["detection_rate"].passes, step
        if not verdict.passed:
            refused_at = step
            break
        champion = step
    assert refused_at is not None
    assert refused_at <= 4
    assert [row.rule for row in verdict.failures] == ["anchor"]
    assert "against the best version so far" in verdict.reason
    assert all(decide(paired(rates[k], rates[k + 1], seed=k, **kw), options).passed for k in range(11))


def test_a_challenger_that_is_better_than_the_champion_but_not_than_the_anchor_is_no_new_anchor():
    verdict = decide(paired(0.6, 0.8), anchor=paired(0.8, 0.8, matches=100))
    assert (verdict.passed, verdict.is_new_anchor) == (True, False)


def test_worse_decisions_on_whole_clips_refuse_a_better_ball_model_and_the_table_says_where(capsys):
    decisions = replace(
        paired(0.8, 0.78, tags=day_or_night, matches=32, challenger_on={"night": 0.3}), task="context"
    )
    verdict = decide(paired(0.6, 0.8), end_to_end=decisions)
    assert not verdict.passed
    assert "of decisions on whole clips" in verdict.reason
    assert ("end to end, tag", "night") in {(row.rule, row.tag) for row in verdict.failures}
    verdict.print()
    printed = capsys.readouterr().out
    assert any(
        "end to end, tag" in line and "night" in line and "worse" in line for line in printed.splitlines()
    )
    assert "refused: detection_rate of decisions on whole clips falls" in printed


def test_decisions_that_cannot_be_compared_are_listed_with_the_reason(capsys):
    verdict = decide(paired(0.6, 0.8), end_to_end="there is no context champion")
    assert verdict.passed
    (row,) = (row for row in verdict.rows if row.rule == "end to end")
    assert (row.finding, row.note) == ("skipped", "there is no context champion")
    verdict.print()
    (printed,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("end to end"))
    assert "skipped" in printed
    assert "there is no context champion" in printed


def test_whole_clips_wear_out_on_their_own():
    options = GateOptions(margin=0.05, anchor_margin=0.05, max_looks=3)
    decisions = replace(paired(0.8, 0.85), task="context")
    assert decide(paired(0.6, 0.8), options, end_to_end=decisions, end_to_end_look=3).passed
    worn = decide(paired(0.6, 0.8), options, end_to_end=decisions, end_to_end_look=4)
    assert not worn.passed
    assert "this test set of whole clips has judged 3 challengers" in worn.reason


def test_two_models_that_find_nothing_show_nothing():
    rows = [PairedSample((f"m{k // 8}", k), f"m{k // 8}", (), None) for k in range(80)]
    verdict = decide(evaluation(rows, np.zeros(80), np.zeros(80)))
    assert not verdict.passed
    assert verdict.reason == "detection_rate is 0 for both models, which shows nothing"


def test_a_tag_on_which_neither_model_finds_anything_is_no_loss():
    rows = [PairedSample((f"m{k // 8}", k), f"m{k // 8}", ("fog",) * (k % 8 < 4), None) for k in range(160)]
    hits = np.array([k % 8 >= 4 for k in range(160)], float)
    verdict = decide(evaluation(rows, hits, hits))
    row = rows_of(verdict, "tag")["fog"]
    assert (row.finding, row.passes, row.note) == ("not shown", True, "0 for both models")
    assert verdict.passed


def per_minute(comparison, champion, challenger):
    rng = np.random.default_rng(3)
    n = len(comparison.samples)
    counts = [(rng.random(n) < rate).astype(float) for rate in (champion, challenger)]
    models = tuple(RatioOfSums(each, np.full(n, 1 / 1500)) for each in counts)
    metric = PairedMetric("false_positives_per_minute", "lower", models, np.ones(n, bool))
    return replace(comparison, others={metric.name: metric})


def test_more_false_positives_than_allowed_refuse_a_model_that_finds_more():
    refused = decide(per_minute(paired(0.6, 0.8), 0.1, 0.3))
    assert [row.metric for row in refused.failures] == ["false_positives_per_minute"]
    assert "false_positives_per_minute rises from" in refused.reason
    assert decide(per_minute(paired(0.6, 0.8), 0.3, 0.1)).passed
    assert decide(per_minute(paired(0.6, 0.8), 0.0, 0.005)).passed
    assert not decide(per_minute(paired(0.6, 0.8), 0.0, 0.05)).passed
    assert decide(per_minute(paired(0.6, 0.8), 0.1, 0.11)).passed


def test_a_limit_without_a_metric_is_skipped_with_the_reason():
    skipped = rows_of(decide(paired(0.6, 0.8)), "limit")
    assert {name: row.finding for name, row in skipped.items()} == dict.fromkeys(
        ("false_positives_per_minute", "latency_p95", "ece", "season_flips"), "skipped"
    )
    assert all(row.note for row in skipped.values())


def test_a_slower_model_is_refused_only_if_it_is_surely_too_slow():
    def timed(value, low):
        return replace(
            paired(0.6, 0.8),
            latency_ms=(Estimate(100, 95, 105, 30, "frame"), Estimate(value, low, value + 5, 30, "frame")),
        )

    assert decide(timed(140, 120)).passed
    verdict = decide(timed(140, 130))
    assert [row.metric for row in verdict.failures] == ["latency_p95"]


def test_the_same_comparison_gives_the_same_bytes():
    one, other = (decide(paired(0.7, 0.75, tags=day_or_night)).to_json() for _ in range(2))
    assert one == other
    tree = json.loads(one)
    assert (tree["passed"], tree["format"]) == (True, 1)
    assert tree["rows"][0]["low"] is None


OUTCOME = st.tuples(st.integers(0, 7), st.sampled_from(["day", "night", ""]), st.booleans(), st.booleans())


@settings(max_examples=40)
@given(st.lists(OUTCOME, max_size=40), st.booleans())
def test_any_outcomes_give_a_verdict_that_follows_from_its_rows(outcomes, prove_tags):
    rows = [
        PairedSample((f"m{match}", k), f"m{match}", (tag,) if tag else (), None)
        for k, (match, tag, *_) in enumerate(outcomes)
    ]
    hits = np.array([hit for _, _, *hit in outcomes], float).reshape(-1, 2)
    options = OPTIONS.model_copy(update={"prove_tags": prove_tags})
    verdict = decide(evaluation(rows, hits[:, 0], hits[:, 1]), options)
    tree = json.loads(verdict.to_json())
    assert tree["passed"] == all(row["passes"] for row in tree["rows"])
    assert verdict.reason
    if len({match for match, *_ in outcomes}) < options.min_matches:
        assert not verdict.passed
    if (hits[:, 1] >= hits[:, 0]).all():
        assert not [row for row in verdict.rows if row.finding == "worse"]


def test_the_anchors_margin_cannot_be_smaller_than_the_margin():
    assert dict(GateOptions(margin=0.05, anchor_margin=0.02).cross_field_errors()).keys() == {"anchor_margin"}


@pytest.mark.soak
def test_noise_on_twenty_tags_refuses_an_equal_challenger_in_few_of_many_gates():
    n = rounds(30, 1000)

    def tags(match, sample):
        return (f"t{match % 10}", f"s{sample % 10}")

    refused = 0
    for seed in range(n):
        verdict = decide(paired(matches=60, samples=20, tags=tags, match_spread=0.08, seed=seed))
        refused += any(not row.passes for row in verdict.rows if row.rule == "tag")
    assert refused <= 0.05 * n + 3 * math.sqrt(n * 0.05 * 0.95)


@pytest.mark.parametrize("pair", [paired(0.6, 0.8, tags=day_or_night), paired(0.8, 0.6)])
def test_a_verdict_is_read_back_as_it_was_written(pair):
    verdict = decide(pair)
    again = GateVerdict.from_json(verdict.to_json().encode())
    assert again.to_json() == verdict.to_json()
    assert (again.passed, again.is_new_anchor, again.reason) == (
        verdict.passed,
        verdict.is_new_anchor,
        verdict.reason,
    )


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{}", b'{"rows": [{}]}'])
def test_what_is_no_verdict_is_not_read(damaged):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong
        GateVerdict.from_json(damaged)
