"""Slots: the times at which a cadence lets a scheduled retraining begin, all in UTC.

weekly: Mondays. biweekly: every other Monday, counted from Monday, 5 January 1970, so that a year of 53
weeks does not shift it. monthly: the first day. A slot stays open until the next one begins: a call that
comes late, after an outage, catches up the last missed slot, once.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from raasid.errors import UsageError
from raasid.tasks import Cadence

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
