from __future__ import annotations

import pytest
from context_samples import OFFENCE, facts, league, predict, ref

from raasid.evaluation.context.result import evaluate_context, pair_context_results, paired_difference
from raasid.evaluation.paired import SamplesDiffer


def test_every_metric_is_that_of_the_two_evaluations():
    refs, one = league(8, 12, seed=1)
    _, other = league(8, 12, seed=1, skill=0.4)
    other = [predict(r.clip, r.facts, p.offence) for r, p in zip(refs, other, strict=True)]
    champion, challenger = evaluate_context(refs, one), evaluate_context(refs, other)
    pair = pair_context_results(champion, challenger)
    for metric in (pair.primary, *pair.others.values()):
        difference = pair.difference(metric)
        assert difference.first == pytest.approx(champion[metric.name].value, nan_ok=True), metric.name
        assert difference.second == pytest.approx(challenger[metric.name].value, nan_ok=True), metric.name
    assert pair.difference(pair.primary).value == pytest.approx(
        paired_difference(champion.outcomes, challenger.outcomes).value
    )


def test_season_flips_count_the_matches_that_have_one():
    refs = [ref(f"c{k}", OFFENCE, match=f"m{k}") for k in range(5)]
    # an accidental touch before a goal of the same player is an offence by the newer editions only
    refs += [ref("flip", facts(scored="immediately"), match="m9")]
    result = evaluate_context(refs, [predict(r.clip, r.facts) for r in refs])
    pair = pair_context_results(result, result)
    flips = pair.difference(pair.others["season_flips"])
    assert flips.matches == 1
    assert flips.first == result["season_flips"].value == 1.0


def test_evaluations_by_two_editions_cannot_be_paired():
    clip = ref("a", OFFENCE)
    results = [
        evaluate_context([clip], [predict("a", OFFENCE, edition=name)])
        for name in ("ifab_2024_25", "ifab_2025_26")
    ]
    with pytest.raises(
        SamplesDiffer, match=r"edition of the evaluation: ifab_2024_25 for the champion, ifab_2025"
    ):
        pair_context_results(*results)


def test_evaluations_on_two_kinds_of_tracks_cannot_be_paired():
    results = [
        evaluate_context([ref("a", OFFENCE, source=source)], [predict("a", OFFENCE)])
        for source in ("predicted", "truth")
    ]
    with pytest.raises(SamplesDiffer, match="source of the evaluation: predicted for the champion, truth"):
        pair_context_results(*results)


def test_one_model_on_the_tracks_of_two_upstream_models_can_be_paired():
    clips = [ref(f"c{k}", OFFENCE, match=f"m{k}") for k in range(4)]
    other_contact = [ref(f"c{k}", OFFENCE, match=f"m{k}", contact=3) for k in range(4)]
    one, other = (
        evaluate_context(refs, [predict(r.clip, OFFENCE) for r in refs]) for refs in (clips, other_contact)
    )
    pair = pair_context_results(one, other)
    assert pair.difference(pair.primary).value == 0.0
