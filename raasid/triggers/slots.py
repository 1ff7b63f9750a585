"""Slots: the times at which a cadence lets a scheduled retraining begin, all in UTC; trigger `calendar`.

weekly: Mondays. biweekly: every other Monday, counted from Monday, 5 January 1970, so that a year of 53
weeks does not shift it. monthly: the first day. A slot stays open until the next one begins: a call that
comes late, after an outage, catches up the last missed slot, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from raasid.errors import UsageError
from raasid.tasks import Cadence
from raasid.triggers.decision_record import Decision, without_champion
from raasid.triggers.schedule import ScheduleEntry

START_HOUR = 3
_FIRST_MONDAY = date(1970, 1, 5)
_WEEKS = {"weekly": 1, "biweekly": 2}


class TimeWithoutZone(UsageError):
    """A time that does not say of which time zone it is."""

    def __init__(self, when: datetime) -> None:
        super().__init__(f"{when.isoformat()}: without a time zone it is not known when this is; add +00:00")


def slot_of(when: datetime, cadence: Cadence, start_hour: int = START_HOUR) -> datetime:
    """Return the start of the slot that is open at a time. Raises TimeWithoutZone."""
    now = _utc(when)
    slot = _start(now.date(), cadence, start_hour)
    return slot if slot <= now else _start(slot.date() - timedelta(days=1), cadence, start_hour)


def next_slot(when: datetime, cadence: Cadence, start_hour: int = START_HOUR) -> datetime:
    """Return the start of the first slot that begins after a time. Raises TimeWithoutZone."""
    slot = slot_of(when, cadence, start_hour)
    if cadence == "monthly":
        return _start(slot.date() + timedelta(days=31), cadence, start_hour)
    return slot + timedelta(weeks=_WEEKS[cadence])


def due(
    last_done: datetime | None, now: datetime, cadence: Cadence, start_hour: int = START_HOUR
) -> datetime | None:
    """Return the slot that is open and has not been used; None if there is none.

    last_done: when the work was last done; None: never, so that the open slot is due. Of several slots that
    were missed, only the last is due. Raises TimeWithoutZone.
    """
    slot = slot_of(now, cadence, start_hour)
    return slot if last_done is None or _utc(last_done) < slot else None


def slot_text(slot: datetime) -> str:
    """Return a slot as decision records have it: `2026-11-30T03:00Z`. Raises TimeWithoutZone."""
    return f"{_utc(slot):%Y-%m-%dT%H:%MZ}"


def parse_slot(text: str) -> datetime:
    """Parse what `slot_text` returned. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


def is_open(slot: str, now: datetime) -> bool:
    """Whether what was decided for a slot may begin; it may at any later time, too. Raises ValueError."""
    return parse_slot(slot) <= _utc(now)


def _start(day: date, cadence: Cadence, start_hour: int) -> datetime:
    """Return the start of the last slot whose day is not after `day`."""
    if cadence == "monthly":
        first = day.replace(day=1)
    else:
        first = day - (day - _FIRST_MONDAY) % timedelta(weeks=_WEEKS[cadence])
    return datetime.combine(first, time(start_hour), UTC)


def _utc(when: datetime) -> datetime:
    if when.utcoffset() is None:
        raise TimeWithoutZone(when)
    return when.astimezone(UTC)


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
