from __future__ import annotations

import pytest
from ball_footage import ball, found, frame, league

from raasid.evaluation.ball.result import evaluate_ball, pair_ball_results
from raasid.evaluation.paired import SamplesDiffer


def test_both_metrics_are_those_of_the_two_evaluations():
    refs, one = league(6, 20, seed=1)
    _, other = league(6, 20, seed=2)
    champion, challenger = evaluate_ball(refs, one, 0.5), evaluate_ball(refs, other, 0.5)
    pair = pair_ball_results(champion, challenger)
    for metric in (pair.primary, *pair.others.values()):
        difference = pair.difference(metric)
        assert difference.first == pytest.approx(champion[metric.name].value)
        assert difference.second == pytest.approx(challenger[metric.name].value)
        assert difference.matches == 6


def test_a_tag_is_measured_as_its_slice():
    refs, one = league(6, 20, seed=1)
    pair = pair_ball_results(*(evaluate_ball(refs, one, threshold) for threshold in (0.5, 0.7)))
    night = next(s for s in evaluate_ball(refs, one, 0.7).slices if s.name == "night")
    difference = pair.difference(pair.primary, dict(pair.tags())["night"])
    assert difference.second == pytest.approx(night.estimates["detection_rate"].value)
    assert difference.matches == night.counts["matches"] == 3


def test_matches_without_a_visible_ball_are_not_counted():
    refs = [frame(0, [ball(9, 9)], "m1"), frame(0, [], "m2")]
    result = evaluate_ball(refs, [found(), found()], 0.5)
    pair = pair_ball_results(result, result)
    assert pair.difference(pair.primary).matches == 1
    assert pair.difference(pair.others["false_positives_per_minute"]).matches == 2


def test_frames_with_corrected_labels_cannot_be_paired():
    before = evaluate_ball([frame(0, [ball(9, 9)])], [found()], 0.5)
    after = evaluate_ball([frame(0, [ball(90, 9)])], [found()], 0.5)
    with pytest.raises(SamplesDiffer, match="m1-clip 0: its labels differ"):
        pair_ball_results(before, after)
