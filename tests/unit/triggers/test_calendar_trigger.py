"""Trigger `calendar`: once in each slot, with one record per slot."""

from __future__ import annotations

from datetime import timedelta

from raasid.triggers.schedule import default_schedule
from raasid.triggers.slots import decide_calendar, parse_slot

CONTEXT, _, BALL = default_schedule().entries
NOW = parse_slot("2026-11-25T12:00Z")


def test_an_unused_slot_asks_for_a_scheduled_retraining() -> None:
    decision = decide_calendar(CONTEXT, "v20261110.1", NOW - timedelta(days=14), NOW)

    assert (decision.verdict, decision.action, decision.slot) == ("fire", "scheduled", "2026-11-23T03:00Z")
    assert decision.reason == (
        "context_model is retrained weekly: the slot of 2026-11-23T03:00Z is open, "
        "and the last time was in the slot of 2026-11-09T03:00Z."
    )


def test_a_used_slot_holds_until_the_next() -> None:
    decision = decide_calendar(CONTEXT, "v20261123.1", NOW - timedelta(days=1), NOW)

    assert (decision.verdict, decision.action) == ("hold", None)
    assert decision.reason.endswith("the next slot begins at 2026-11-30T03:00Z.")


def test_all_calls_in_a_slot_make_the_same_record() -> None:
    records = {
        decide_calendar(
            BALL, "v20261001.1", NOW - timedelta(days=40, hours=h), NOW + timedelta(hours=h)
        ).to_bytes()
        for h in range(5)
    }

    assert len(records) == 1


def test_without_a_champion_there_is_nothing_to_retrain() -> None:
    assert decide_calendar(BALL, None, None, NOW).verdict == "cannot_tell"
