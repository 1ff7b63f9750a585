from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pose_scenes import frame, league, people, person

from raasid.evaluation.paired import SamplesDiffer
from raasid.evaluation.pose.result import evaluate_pose, pair_pose_results
from raasid.evaluation.pose.timing import InferenceTiming

TIMING = InferenceTiming(tuple(10.0 + k for k in range(30)), 4.0, "cpu", 2, "32-true", (640, 360))


def test_the_difference_is_that_of_the_two_evaluations_and_its_error_that_of_the_interval():
    refs, own, at = league(6, 5)
    none = [people([]) for _ in own]
    champion, challenger = evaluate_pose(refs, none, at), evaluate_pose(refs, own, at)
    pair = pair_pose_results(champion, challenger)
    difference = pair.difference(pair.primary)
    assert (difference.first, difference.matches) == (0.0, 6)
    assert difference.second == pytest.approx(challenger["mAP"].value)
    # the champion finds nothing, so that all of the difference is the challenger's
    interval = challenger["mAP"]
    assert difference.standard_error == pytest.approx((interval.high - interval.low) / 3.92, rel=0.35)


def test_the_same_model_does_not_differ():
    result = evaluate_pose(*league(5, 4))
    difference = (pair := pair_pose_results(result, result)).difference(pair.primary)
    assert (difference.value, difference.standard_error) == (0.0, 0.0)
    night = pair.difference(pair.primary, dict(pair.tags())["night"])
    assert (night.value, night.matches) == (0.0, 2)


def test_frames_without_persons_are_undefined_and_of_no_match():
    result = evaluate_pose([frame([])], [people([person()])], [people([])])
    difference = (pair := pair_pose_results(result, result)).difference(pair.primary)
    assert np.isnan(difference.value)
    assert difference.matches == 0


def test_times_are_paired_only_under_the_same_conditions():
    refs, own, at = league(2, 2)
    one = evaluate_pose(refs, own, at, TIMING)
    faster = evaluate_pose(refs, own, at, replace(TIMING, frames_ms=(5.0,) * 30))
    on_gpu = evaluate_pose(refs, own, at, replace(TIMING, device="NVIDIA H200"))
    times = pair_pose_results(one, faster).latency_ms
    assert times is not None
    assert (times[0].value, times[1].value) == (one["inference_time_p95"].value, 5.0)
    assert pair_pose_results(one, on_gpu).latency_ms is None
    assert pair_pose_results(one, evaluate_pose(refs, own, at)).latency_ms is None


def test_other_frames_cannot_be_paired():
    refs, own, at = league(2, 2)
    with pytest.raises(SamplesDiffer, match="m0-clip 0: the challenger was not measured on it"):
        pair_pose_results(evaluate_pose(refs, own, at), evaluate_pose(refs[1:], own[1:], at[1:]))
