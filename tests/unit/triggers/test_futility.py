"""A threshold that no retraining reaches: a few attempts, one alert, then new data or a person."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retrainings import DATA, OTHER_DATA, START, ended

from raasid.triggers.decision_record import Decision
from raasid.triggers.futility import Futility, FutilityRule, ask_again, hold_back, judge_futility
from raasid.triggers.retraining_history import Retraining


def judge(history: list[Retraining], data: str = DATA, **options) -> Futility:
    return judge_futility("pose_model", "mAP", history, data, **options)


def test_three_retrainings_without_a_gain_make_the_model_wait() -> None:
    verdicts = [judge([ended(day) for day in range(count)]).wait for count in range(5)]

    assert verdicts == [False, False, False, True, True]


def test_the_reason_can_be_understood_by_a_person() -> None:
    assert judge([ended(0), ended(7, after=0.603), ended(14)]).reason == (
        "pose_model was retrained 3 times without gaining 0.005 in mAP, the best reached mAP 0.603; it "
        "waits for new data, or until a person says that it should be tried again (raasid retry pose_model)."
    )


def test_a_promoted_gain_begins_the_count_anew() -> None:
    gain = ended(14, before=0.60, after=0.70, promoted=True)

    assert not judge([ended(0), ended(7), gain]).wait
    assert judge([ended(0), gain, *(ended(d, before=0.70, after=0.70) for d in (21, 28, 35))]).wait


@pytest.mark.parametrize("after", [None, 0.604, 0.9])
def test_what_was_not_promoted_or_is_too_small_is_no_gain(after: float | None) -> None:
    assert judge([ended(day, after=after, promoted=after == 0.604) for day in (0, 7, 14)]).wait


def test_a_version_by_turns_a_little_worse_and_a_little_better_gains_nothing() -> None:
    ends = [0.60, 0.59, 0.60, 0.59, 0.60]
    history = [
        ended(7 * k, before=before, after=after, promoted=True)
        for k, (before, after) in enumerate(pairwise(ends))
    ]

    assert judge(history).wait


def test_new_data_allow_one_attempt_and_not_three() -> None:
    history = [ended(0), ended(7), ended(14)]

    assert not judge(history, OTHER_DATA).wait
    assert judge([*history, ended(21, data_digest=OTHER_DATA)], OTHER_DATA).wait


def test_a_person_can_ask_for_further_attempts() -> None:
    history = [ended(0), ended(7), ended(14)]
    acknowledged = START + timedelta(days=15)

    assert not judge(history, acknowledged=acknowledged).wait
    more = [ended(day) for day in (21, 28, 35)]
    assert judge([*history, *more], acknowledged=acknowledged).wait


def test_the_alert_is_given_once_for_each_period() -> None:
    history, alerted, alerts = [ended(0), ended(7), ended(14)], set(), 0
    for _ in range(3):
        found = judge(history, alerted=alerted)
        alerts += found.alert
        alerted.add(found.alert_key)
    assert alerts == 1

    retried = [*history, ended(21, data_digest=OTHER_DATA)]
    assert not judge(retried, OTHER_DATA, alerted=alerted).alert
    gained = [*history, *(ended(d, after=0.7, before=b, promoted=True) for d, b in [(21, 0.6)])]
    again = [*gained, *(ended(d, before=0.7, after=0.7) for d in (28, 35, 42))]
    assert judge(again, alerted=alerted).alert


def test_other_models_do_not_count() -> None:
    assert not judge([ended(day, model="ball_model") for day in range(5)]).wait


def test_three_cron_weeks_with_an_unreachable_threshold() -> None:
    """A call every hour for three weeks, each of which would retrain: three trainings and one alert."""
    history: list[Retraining] = []
    alerted: set[str] = set()
    alerts = 0
    for hour in range(21 * 24):
        found = judge(history, alerted=alerted)
        alerts += found.alert
        if found.wait:
            alerted.add(found.alert_key)
        else:
            history.append(ended(hour / 24))
    assert (len(history), alerts) == (3, 1)


def test_a_futile_decision_is_recorded_as_waiting() -> None:
    decision = Decision(
        model="pose_model",
        trigger="performance",
        champion="v20261101.1",
        verdict="fire",
        action="immediate",
        reason="mAP is below 0.95.",
        statistics={"a": 1},
    )
    digest = decision.digest
    futile = judge([ended(0), ended(7), ended(14)])

    held = hold_back(decision, futile)

    assert (held.verdict, held.action) == ("wait", None)
    assert held.reason.startswith("mAP is below 0.95. But pose_model was retrained 3 times")
    assert held.statistics == {"a": 1, "retrainings_without_gain": 3}
    assert held.digest != digest
    assert hold_back(decision, judge([])) is decision


results = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans(), st.sampled_from([DATA, OTHER_DATA]))
)


@given(results, st.integers(1, 5))
def test_it_waits_only_after_enough_attempts_on_these_data(outcomes, limit: int) -> None:
    history = [
        ended(k, before=before, after=after, promoted=promoted, data_digest=data)
        for k, (before, after, promoted, data) in enumerate(outcomes)
    ]

    found = judge(history, rule=FutilityRule(max_without_gain=limit))

    assert found.wait <= (found.without_gain >= limit)
    assert found.without_gain <= len(history)
    assert found.alert == found.wait
    assert judge(list(reversed(history)), rule=FutilityRule(max_without_gain=limit)) == found


def test_a_decision_after_a_person_asked_is_another_one_each_time() -> None:
    """Else what was acted upon in a slot could not be acted upon again in it."""
    decision = Decision(
        model="pose_model",
        trigger="performance",
        champion="v20261101.1",
        verdict="fire",
        action="immediate",
        reason="mAP is below 0.95.",
        statistics={"a": 1},
    )
    asked = [ask_again(decision, count) for count in (0, 1, 2)]
    assert asked[0] is decision
    assert len({each.digest for each in asked}) == 3
    assert asked[2].statistics == {"a": 1, "attempts_asked_for": 2}
    assert (asked[2].verdict, asked[2].reason) == ("fire", decision.reason)
    held = Decision.model_validate(decision.model_dump() | {"verdict": "hold", "action": None})
    assert ask_again(held, 1) is held
