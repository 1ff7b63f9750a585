"""Cooldown and budget: each refusal says why and until when."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from retrainings import START, ended

from raasid.triggers.budget import RetrainingLimits, hours_left, refusals

NONE = RetrainingLimits(cooldown_days=0)


def after(days: float):
    return START + timedelta(days=days)


def test_without_history_or_limits_nothing_is_refused() -> None:
    assert refusals("pose_model", [], START, RetrainingLimits()) == []
    assert refusals("pose_model", [ended(day) for day in range(9)], after(9), NONE) == []


def test_a_model_cools_down_after_its_own_retraining_only() -> None:
    limits = RetrainingLimits(cooldown_days=2)

    (reason,) = refusals("pose_model", [ended(0)], after(1), limits)

    assert reason == (
        "pose_model was retrained until 2026-11-02 04:00 UTC and cools down for 2 days "
        "(retrain.limits.cooldown_days): it may be retrained from 2026-11-04 04:00 UTC on."
    )
    assert refusals("pose_model", [ended(0)], after(2 + 1 / 24), limits) == []
    assert refusals("ball_model", [ended(0)], after(1), limits) == []


def test_the_runs_of_all_models_within_a_week_are_limited() -> None:
    limits = RetrainingLimits(cooldown_days=0, max_runs_per_week=2)
    history = [ended(0), ended(2, model="ball_model"), ended(3)]

    (reason,) = refusals("context_model", history, after(4), limits)

    assert reason.startswith("3 retrainings ended within seven days, and 2 are allowed")
    assert "the next may begin at 2026-11-11 04:00 UTC" in reason
    assert refusals("context_model", history, after(9 + 2 / 24), limits) == []


def test_gpu_hours_within_a_week_are_limited() -> None:
    limits = RetrainingLimits(cooldown_days=0, max_gpu_hours=4)
    history = [ended(0, gpu_hours=3.0), ended(1, gpu_hours=1.0)]

    (reason,) = refusals("pose_model", history, after(2), limits)

    assert reason == (
        "4 GPU hours were used within seven days, and 4 are allowed (retrain.limits.max_gpu_hours): "
        "the next may begin at 2026-11-09 04:00 UTC."
    )
    assert refusals("pose_model", history, after(7.2), limits) == []


def test_hours_that_must_wait_for_several_retrainings_to_be_longer_ago_say_so() -> None:
    history = [ended(day, gpu_hours=1.0) for day in range(5)]
    limits = RetrainingLimits(cooldown_days=0, max_gpu_hours=2.5)

    (reason,) = refusals("pose_model", history, after(5), limits)

    assert reason.endswith("the next may begin at 2026-11-11 04:00 UTC.")
    assert refusals("pose_model", history, after(9 + 1 / 24), limits) == []
    (never,) = refusals("pose_model", [], after(5), RetrainingLimits(max_gpu_hours=0))
    assert never.endswith("no retraining may begin.")


def test_the_hours_that_are_left_are_those_of_the_last_seven_days() -> None:
    history = [ended(0, gpu_hours=3.0), ended(5, gpu_hours=1.0)]
    limits = RetrainingLimits(max_gpu_hours=6)
    assert hours_left(history, after(6), limits) == 2.0
    assert hours_left(history, after(8), limits) == 5.0
    assert hours_left(history, after(6), RetrainingLimits(max_gpu_hours=3)) == 0.0
    assert hours_left(history, after(6), NONE) is None


def test_all_refusals_are_given_at_once() -> None:
    limits = RetrainingLimits(cooldown_days=9, max_runs_per_week=1, max_gpu_hours=0.5)

    assert len(refusals("pose_model", [ended(0)], after(1), limits)) == 3


@given(st.lists(st.floats(0, 30), max_size=20), st.floats(0, 40), st.integers(1, 5))
def test_who_heeds_the_limit_never_exceeds_it(days: list[float], now: float, most: int) -> None:
    limits = RetrainingLimits(cooldown_days=0, max_runs_per_week=most)
    history = []
    for day in sorted(days):
        if not refusals("pose_model", history, after(day), limits):
            history.append(ended(day))

    week = [past for past in history if after(now) - timedelta(days=7) < past.end <= after(now)]
    assert len(week) <= most
