"""Which decisions may be acted upon now, and which action is the strongest."""

from __future__ import annotations

from datetime import datetime

import pytest
from retrainings import ended

from raasid.triggers.decision_record import Action, Decision
from raasid.triggers.ready_decisions import ready_decisions, strongest
from raasid.triggers.slots import parse_slot

CHAMPION = "v20261101.1"
SLOT = "2026-11-16T03:00Z"


def decision(action: Action | None, slot: str | None = None, **changes) -> Decision:
    fields = {"model": "pose_model", "trigger": "drift", "champion": CHAMPION, "reason": "It drifted."}
    verdict = "hold" if action is None else "fire"
    return Decision(**(fields | {"verdict": verdict, "action": action, "slot": slot} | changes))


def ready(found: Decision, now: datetime, *history) -> bool:
    return ready_decisions([found], history, CHAMPION, now) == [found]


def test_an_immediate_action_is_ready_at_once_and_once() -> None:
    found, now = decision("immediate", "2026-11-30T03:00Z"), parse_slot(SLOT)

    assert ready(found, now)
    assert not ready(found, now, ended(0, decision=found.digest))


def test_a_scheduled_action_waits_for_its_slot_and_is_caught_up_later() -> None:
    found = decision("scheduled", SLOT)

    assert [ready(found, parse_slot(t)) for t in ("2026-11-16T02:59Z", SLOT, "2027-01-01T00:00Z")] == [
        False,
        True,
        True,
    ]


def test_several_missed_slots_are_caught_up_by_one_retraining() -> None:
    missed = [decision("scheduled", slot) for slot in ("2026-11-02T03:00Z", "2026-11-09T03:00Z", SLOT)]
    now = parse_slot("2026-11-20T03:00Z")
    assert ready_decisions(missed, [], CHAMPION, now) == missed

    done = ended(18, decision=missed[2].digest)

    assert ready_decisions(missed, [done], CHAMPION, now) == []


def test_a_retraining_before_the_slot_or_of_another_model_does_not_serve_it() -> None:
    found, now = decision("scheduled", SLOT), parse_slot("2026-11-20T03:00Z")

    assert ready(found, now, ended(13), ended(18, model="ball_model"))


def test_decisions_on_another_champion_or_without_an_action_are_not_ready() -> None:
    now = parse_slot(SLOT)

    assert not ready(decision("full", champion="v20261102.1"), now)
    assert not ready(decision(None), now)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["scheduled", "incremental", "immediate", "full"], "full"),
        (["scheduled", None, "incremental", "immediate"], "immediate"),
        (["scheduled", "incremental"], "incremental"),
        ([None, "scheduled"], "scheduled"),
    ],
)
def test_the_strongest_action_wins(actions: list[Action | None], expected: Action) -> None:
    winner = strongest([decision(action) for action in actions])

    assert winner is not None
    assert winner.action == expected


def test_of_equals_the_first_wins_and_of_none_none() -> None:
    equals = [decision("scheduled", reason=reason) for reason in ("first", "second")]

    assert strongest(equals) is equals[0]
    assert strongest([decision(None)]) is None
