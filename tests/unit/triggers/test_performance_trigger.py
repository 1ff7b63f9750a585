"""Trigger `performance`: it fires when the whole interval is below, never by the value alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.registry.records import MetricValue
from raasid.stats.bootstrap import Estimate, bootstrap_sums
from raasid.triggers.decision_record import Decision
from raasid.triggers.performance import PerformanceRule, decide_performance, slower_than_registered
from raasid.triggers.schedule import default_schedule

CONTEXT, POSE, BALL = default_schedule().entries
INPUTS = {"data": "a" * 64}
REGISTERED = {
    "detection_rate": MetricValue(value=0.91, low=0.88, high=0.94),
    "false_positives": MetricValue(value=0.20, low=0.15, high=0.25),
}


def estimate(value: float, low: float, high: float, n: int = 12, unit: str = "match") -> Estimate:
    return Estimate(value, low, high, n, unit)  # type: ignore[arg-type]


def judge(rate: Estimate | None, false_positives: Estimate | None = None, **options) -> Decision:
    measured = {"detection_rate": rate, "false_positives": false_positives}
    return decide_performance(
        BALL,
        options.pop("champion", "v20261123.1"),
        {name: value for name, value in measured.items() if value is not None},
        options.pop("registered", REGISTERED),
        inputs=INPUTS,
        **options,
    )


GOOD = estimate(0.91, 0.88, 0.94)


def test_an_interval_below_the_threshold_fires_at_once() -> None:
    decision = judge(estimate(0.80, 0.76, 0.84))

    assert (decision.verdict, decision.action) == ("fire", "immediate")
    assert decision.reason == (
        "detection_rate of ball_model v20261123.1 is 0.800 (0.760 to 0.840, 12 matches): "
        "all of the interval is below 0.85."
    )
    assert decision.evidence[0]["verdict"] == "below"
    assert decision.thresholds == {"detection_rate": 0.85, "min_matches": 5}


def test_a_value_below_the_threshold_does_not_fire_if_its_interval_straddles() -> None:
    decision = judge(estimate(0.84, 0.80, 0.87))

    assert (decision.verdict, decision.action) == ("cannot_tell", None)
    assert "with 12 matches the interval reaches both sides" in decision.reason


def test_an_interval_above_the_threshold_holds() -> None:
    assert judge(estimate(0.90, 0.85, 0.93), estimate(0.2, 0.1, 0.3)).verdict == "hold"


def test_another_metric_fires_when_it_is_worse_beyond_both_intervals() -> None:
    decision = judge(GOOD, estimate(0.30, 0.26, 0.35))

    assert (decision.verdict, decision.action) == ("fire", "immediate")
    assert "false_positives is 0.300 (0.260 to 0.350, 12 matches) and was 0.200" in decision.reason
    assert decision.evidence[1]["verdict"] == "worse"


@pytest.mark.parametrize("now", [(0.30, 0.25, 0.35), (0.05, 0.01, 0.10)])
def test_another_metric_does_not_fire_when_intervals_overlap_or_it_got_better(now) -> None:
    assert judge(GOOD, estimate(*now)).verdict == "hold"


def test_a_metric_where_more_is_better_fires_when_it_falls() -> None:
    measured = {"accuracy": estimate(0.95, 0.93, 0.97), "recall": estimate(0.60, 0.50, 0.70)}
    registered = {"recall": MetricValue(value=0.9, low=0.85, high=0.95)}

    decision = decide_performance(CONTEXT, "v20261123.1", measured, registered, inputs=INPUTS)

    assert decision.verdict == "fire"
    assert [row["verdict"] for row in decision.evidence] == ["above", "unknown", "worse"]


def test_a_metric_registered_without_an_interval_is_not_compared() -> None:
    registered = {"false_positives": MetricValue(value=0.01)}

    decision = judge(GOOD, estimate(0.9, 0.8, 1.0), registered=registered)

    assert decision.verdict == "hold"
    assert decision.evidence[1]["why"] == "it was registered without an interval"


@pytest.mark.parametrize(
    ("rate", "why"),
    [
        (None, "the data hold no labels for it"),
        (estimate(0.2, math.nan, math.nan), "it has no interval"),
        (estimate(0.2, 0.1, 0.3, 400, "frame"), "400 frames of fewer than 2 matches"),
        (estimate(0.2, 0.1, 0.3, 4), "4 matches, and 5 are needed"),
    ],
)
def test_too_little_data_is_said_and_never_fires(rate: Estimate | None, why: str) -> None:
    decision = judge(rate)

    assert (decision.verdict, decision.action) == ("cannot_tell", None)
    assert why in decision.reason


def test_the_number_of_matches_needed_is_configured() -> None:
    low = estimate(0.2, 0.1, 0.3, 4)

    assert judge(low, rule=PerformanceRule(min_matches=4)).verdict == "fire"


def test_without_a_champion_nothing_fires() -> None:
    decision = judge(None, champion=None, registered={})

    assert decision.verdict == "cannot_tell"
    assert decision.reason == "ball_model has no champion yet: train and register a version first."


def pose(milliseconds: float) -> tuple[Decision, list[str]]:
    measured = {
        "mAP": estimate(0.5, 0.45, 0.55),
        "inference_time_p95": estimate(milliseconds, milliseconds - 1, milliseconds + 1, 100, "frame"),
    }
    registered = {"inference_time_p95": MetricValue(value=20, low=18, high=22)}
    decision = decide_performance(POSE, "v20261123.1", measured, registered, inputs=INPUTS)
    return decision, slower_than_registered(POSE, measured, registered)


def test_a_time_is_not_recorded_as_it_would_make_another_record_each_time() -> None:
    assert pose(20.1)[0].to_bytes() == pose(20.2)[0].to_bytes() == pose(90)[0].to_bytes()
    assert pose(20)[0].evidence[1]["verdict"] == "not_recorded"


def test_a_time_beyond_both_intervals_is_said_to_a_person() -> None:
    assert pose(22.9)[1] == []
    (sentence,) = pose(24)[1]
    assert sentence.startswith(
        "inference_time_p95 of pose_model is 24.000 (23.000 to 25.000) and was 20.000 (18.000 to 22.000)"
    )


values = st.floats(0, 1)


@given(st.tuples(values, values, values), st.integers(1, 50), st.sampled_from(["match", "frame", "clip"]))
def test_it_fires_only_if_every_value_of_the_interval_is_below(ends, n: int, unit: str) -> None:
    low, value, high = sorted(ends)

    decision = judge(estimate(value, low, high, n, unit))

    assert (decision.verdict == "fire") == (high < 0.85 and unit == "match" and n >= 5)
    assert Decision.from_bytes(decision.to_bytes()) == decision


def test_a_model_at_its_threshold_rarely_fires() -> None:
    """400 measurements on 8 matches of a model whose detection rate is the threshold; matches differ."""
    rng = np.random.default_rng(1)
    fired = 0
    for _ in range(400):
        rates = rng.beta(0.85 * 20, 0.15 * 20, 8)
        hits = rng.binomial(50, rates)
        tallies = np.stack([hits, np.full(8, 50)], axis=1).astype(float)
        names = [f"m{k}" for k in range(8)]
        measured = bootstrap_sums(
            tallies, names, lambda sums: {"detection_rate": sums[..., 0] / sums[..., 1]}, num_resamples=400
        )
        fired += judge(measured["detection_rate"]).verdict == "fire"
    assert fired / 400 <= 0.10
