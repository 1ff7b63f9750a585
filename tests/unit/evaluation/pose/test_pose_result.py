from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from pose_scenes import frame, league, people, person

from raasid.evaluation.pose.average_precision import Ranking, average_precision, resampled_precision
from raasid.evaluation.pose.matching import GroundTruth, match_poses
from raasid.evaluation.pose.result import PoseResult, evaluate_pose
from raasid.evaluation.pose.timing import InferenceTiming
from raasid.stats.bootstrap import Resampling

TIMING = InferenceTiming(tuple(float(t) for t in range(1, 31)), 4.0, "cpu", 2, "32-true", (640, 360))


@pytest.fixture(scope="module")
def result():
    return evaluate_pose(*league(6, 5), timing=TIMING)


def test_the_terminal_ends_with_the_primary_metric(result):
    names = [name for name, *_ in result.rows()]
    assert names[-2:] == ["mAP", "AP50"]
    assert result.score == result["AP50"].value


def test_every_metric_has_an_interval_over_matches_that_holds_it(result):
    for name, estimate in result.estimates.items():
        assert estimate.low <= estimate.value <= estimate.high, name
        assert (estimate.n, estimate.unit) == ((30, "frame") if "time" in name else (6, "match"))
    assert result["mAP"].low < result["mAP"].high


def test_a_resample_counts_frames_as_often_as_they_were_drawn():
    refs, own, _ = league(4, 4)
    matches = [
        match_poses(found, GroundTruth.from_persons(ref.frame.persons))
        for ref, found in zip(refs, own, strict=True)
    ]
    draw = Resampling.draw([ref.match for ref in refs], seed=0, num_resamples=25)
    resampled = resampled_precision(Ranking.build(matches), draw.unit_of_row, draw.weights)
    for weights, got in zip(draw.weights.astype(int), resampled, strict=True):
        repeated = [
            m for m, unit in zip(matches, draw.unit_of_row, strict=True) for _ in range(weights[unit])
        ]
        assert got == pytest.approx(average_precision(Ranking.build(repeated)), abs=0.006)


def test_resamples_of_a_long_ranking_are_close_although_only_some_ranks_are_evaluated():
    refs, own, _ = league(4, 60, seed=2)
    matches = [
        match_poses(found, GroundTruth.from_persons(ref.frame.persons))
        for ref, found in zip(refs, own, strict=True)
    ]
    ranking = Ranking.build(matches)
    assert len(ranking.score) > 800
    once = resampled_precision(ranking, np.zeros(len(refs), np.int64), np.ones((1, 1)))[0]
    assert once == pytest.approx(average_precision(ranking), abs=0.004)


def test_the_order_of_the_frames_makes_no_difference(result):
    backwards = [column[::-1] for column in league(6, 5)]
    assert evaluate_pose(*backwards, timing=TIMING).to_json() == result.to_json()


def test_a_result_is_read_back_unchanged(result, tmp_path):
    result.write(tmp_path / "metrics.json")
    again = PoseResult.read(tmp_path / "metrics.json")
    assert again.to_json() == result.to_json()
    assert again.timing == TIMING
    assert json.loads(result.to_json())["timing"]["size"] == [640, 360]


def test_slices_are_by_tag_and_match_and_count_persons(result):
    names = {(part.by, part.name) for part in result.slices}
    assert names == {("tag", "day"), ("tag", "night"), *(("match", f"m{k}") for k in range(6))}
    day = next(part for part in result.slices if part.name == "day")
    assert day.counts == {"frames": 15, "persons": 60, "matches": 3}
    assert not math.isnan(day.estimates["mAP"].low)


def test_a_perfect_model_has_perfect_metrics_and_absent_sizes_are_undefined():
    persons = [person(60.0 + 90 * k, height=90.0) for k in range(4)]
    refs = [frame(persons, match=f"m{k}") for k in range(3)]
    perfect = evaluate_pose(refs, [people(persons)] * 3, [people(persons)] * 3)
    for name in ("mAP", "AP50", "AP75", "AR", "AP_medium", "AP_arms", "mAP_at_truth", "pck_torso", "found"):
        assert perfect[name].value == pytest.approx(1.0), name
    assert perfect["arm_error"].value == pytest.approx(0.0, abs=1e-3)
    assert perfect["swap_rate"].value == 0.0
    assert math.isnan(perfect["AP_large"].value)


def test_ap_at_truth_measures_the_joints_alone():
    persons = [person(100.0), person(300.0)]
    away = people(persons, shift=(0.0, 60.0))
    result = evaluate_pose([frame(persons)], [people(persons)], [away])
    assert result["mAP"].value == pytest.approx(1.0)
    assert result["mAP_at_truth"].value == 0.0
    assert result["pck_torso"].value == 0.0


def test_without_persons_every_metric_is_undefined():
    result = evaluate_pose([frame([])], [people([person()])], [people([])])
    assert all(math.isnan(e.value) for e in result.estimates.values())
    assert result.counts["persons"] == 0


def test_persons_without_a_labelled_joint_are_neither_counted_nor_missed():
    unlabelled = replace(person(300.0), keypoints=())
    persons = [person(100.0), unlabelled]
    result = evaluate_pose([frame(persons)], [people(persons[:1])], [people([person(100.0), person(300.0)])])
    assert result.counts["persons"] == 1
    assert result["AR"].value == pytest.approx(1.0)
    assert result["found"].value == 1.0


def test_the_description_names_the_conditions_of_the_times(result):
    assert "batch of 1, 640×360, 32-true, CPU, 2 threads, 4.0 people a frame" in result.description
    assert result["inference_time_p50"].value == 15.5
    assert 28 < result["inference_time_p95"].value < 30


def test_clearly_visible_persons_have_half_of_their_joints_visible():
    hidden = person(300.0)
    points = tuple((x, y, 2 if k < 8 else 1) for k, (x, y, _) in enumerate(hidden.keypoints))
    persons = [person(100.0), replace(hidden, keypoints=points)]
    missed = evaluate_pose([frame(persons)], [people(persons[:1])], [people(persons)])
    assert missed["AP50"].value == pytest.approx(51 / 101)
    assert missed["AP50_well_seen"].value == pytest.approx(1.0)
    # finding the other one with the highest confidence is no mistake either
    both = evaluate_pose([frame(persons)], [people(persons[::-1])], [people(persons)])
    assert both["AP50_well_seen"].value == pytest.approx(1.0)
