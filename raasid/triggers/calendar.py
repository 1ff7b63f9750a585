"""Trigger `calendar`: a model is retrained once in every slot of its cadence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from raasid.triggers.decision_record import Decision, without_champion
from raasid.triggers.schedule import ScheduleEntry
from raasid.triggers.slots import due, next_slot, slot_of, slot_text


def decide_calendar(
    entry: ScheduleEntry,
    champion: str | None,
    last_done: datetime | None,
    now: datetime,
    *,
    inputs: Mapping[str, str] | None = None,
    edition: str | None = None,
) -> Decision:
    """Decide whether a slot is due.

    last_done: when the model was last retrained, or its champion registered; None: never. The record names
    slots and not these times, so that all calls within a slot make the same record.
    Raises TimeWithoutZone.
    """
    inputs = inputs or {}
    if champion is None:
        return without_champion(entry.model, "calendar", inputs)
    slot = due(last_done, now, entry.cadence, entry.start_hour)
    current = slot_text(slot_of(now, entry.cadence, entry.start_hour))
    following = slot_text(next_slot(now, entry.cadence, entry.start_hour))
    done = None if last_done is None else slot_text(slot_of(last_done, entry.cadence, entry.start_hour))
    if slot is not None:
        before = "it has never been" if done is None else f"the last time was in the slot of {done}"
        reason = f"{entry.model} is retrained {entry.cadence}: the slot of {current} is open, and {before}."
    else:
        reason = (
            f"{entry.model} is retrained {entry.cadence} and has been since {current}: "
            f"the next slot begins at {following}."
        )
    return Decision(
        model=entry.model,
        trigger="calendar",
        edition=edition,
        champion=champion,
        verdict="hold" if slot is None else "fire",
        action=None if slot is None else "scheduled",
        reason=reason,
        evidence=[{"slot": current, "last_slot_used": done, "next_slot": following}],
        thresholds={"cadence": entry.cadence, "start_hour": entry.start_hour},
        inputs=dict(inputs),
        slot=current,
    )
