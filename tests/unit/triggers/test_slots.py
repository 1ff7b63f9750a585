"""Slots: each cadence has its own, a missed one is caught up once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.tasks import Cadence
from raasid.triggers.slots import TimeWithoutZone, due, is_open, next_slot, parse_slot, slot_of, slot_text

times = st.datetimes(
    datetime(1990, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=11))]),
)
cadences = st.sampled_from(get_args(Cadence))
hours = st.integers(0, 23)
DAYS = {"weekly": (7, 7), "biweekly": (14, 14), "monthly": (28, 31)}


def at(text: str) -> datetime:
    return parse_slot(text)


@pytest.mark.parametrize(
    ("cadence", "when", "slot", "following"),
    [
        ("weekly", "2026-11-30T03:00Z", "2026-11-30T03:00Z", "2026-12-07T03:00Z"),
        ("weekly", "2026-11-30T02:59Z", "2026-11-23T03:00Z", "2026-11-30T03:00Z"),
        ("weekly", "2026-12-06T23:00Z", "2026-11-30T03:00Z", "2026-12-07T03:00Z"),
        ("biweekly", "2026-11-30T03:00Z", "2026-11-23T03:00Z", "2026-12-07T03:00Z"),
        ("biweekly", "2026-12-21T03:00Z", "2026-12-21T03:00Z", "2027-01-04T03:00Z"),
        ("monthly", "2026-12-01T02:59Z", "2026-11-01T03:00Z", "2026-12-01T03:00Z"),
        ("monthly", "2027-01-31T12:00Z", "2027-01-01T03:00Z", "2027-02-01T03:00Z"),
        ("monthly", "2027-02-01T03:00Z", "2027-02-01T03:00Z", "2027-03-01T03:00Z"),
    ],
)
def test_slots_are_where_people_expect_them(cadence: Cadence, when: str, slot: str, following: str) -> None:
    assert slot_text(slot_of(at(when), cadence)) == slot
    assert slot_text(next_slot(at(when), cadence)) == following


def test_another_time_zone_is_another_name_of_the_same_moment() -> None:
    local = datetime(2026, 11, 30, 4, 30, tzinfo=timezone(timedelta(hours=2)))  # 02:30 UTC

    assert slot_text(slot_of(local, "weekly")) == "2026-11-23T03:00Z"


@given(times, cadences, hours)
def test_a_time_lies_in_exactly_one_slot(when: datetime, cadence: Cadence, hour: int) -> None:
    slot, following = slot_of(when, cadence, hour), next_slot(when, cadence, hour)

    assert slot <= when < following
    assert slot_of(slot, cadence, hour) == slot
    assert slot_of(following - timedelta(microseconds=1), cadence, hour) == slot
    assert slot_of(following, cadence, hour) == following
    assert (slot.hour, slot.minute, slot.utcoffset()) == (hour, 0, timedelta(0))
    least, most = DAYS[cadence]
    assert timedelta(days=least) <= following - slot <= timedelta(days=most)
    assert slot.day == 1 if cadence == "monthly" else slot.weekday() == 0


@given(times, cadences, st.lists(st.integers(0, 60 * 24 * 20), min_size=1, max_size=40))
def test_however_often_it_is_called_each_slot_is_used_at_most_once(
    start: datetime, cadence: Cadence, minutes: list[int]
) -> None:
    done, now, used = start, start, []
    for wait in minutes:
        now += timedelta(minutes=wait)
        slot = due(done, now, cadence)
        if slot is not None:
            used.append(slot)
            done = now

    assert used == sorted(set(used))
    assert all(slot > start for slot in used)
    assert (slot_of(now, cadence) in used) == (slot_of(now, cadence) > start)


def test_after_an_outage_of_many_slots_one_is_caught_up() -> None:
    done, now = at("2026-09-01T04:00Z"), at("2026-11-25T12:00Z")

    assert due(done, now, "weekly") == at("2026-11-23T03:00Z")
    assert due(now, now + timedelta(hours=1), "weekly") is None


def test_what_was_never_done_is_due_and_what_was_done_in_the_future_is_not() -> None:
    now = at("2026-11-25T12:00Z")

    assert due(None, now, "monthly") == at("2026-11-01T03:00Z")
    assert due(now + timedelta(days=90), now, "monthly") is None


def test_a_slot_opens_at_its_start_and_stays_open() -> None:
    slot = "2026-12-01T03:00Z"

    assert [is_open(slot, at(t)) for t in ("2026-12-01T02:59Z", slot, "2027-03-01T03:00Z")] == [
        False,
        True,
        True,
    ]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TimeWithoutZone, match="without a time zone"):
        slot_of(datetime(2026, 11, 30), "weekly")


@given(times)
def test_the_text_of_a_slot_can_be_read_back(when: datetime) -> None:
    slot = slot_of(when, "weekly")

    assert parse_slot(slot_text(slot)) == slot
