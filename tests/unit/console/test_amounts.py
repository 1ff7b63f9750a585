from __future__ import annotations

import pytest

from raasid.console.tables import figures, minute_of, size_of
from raasid.registry.records import Figure


def test_values_and_intervals_stand_below_each_other() -> None:
    column = [
        Figure(value=0.5, low=0.25, high=0.75),
        Figure(value=12.5),
        None,
        Figure(value=-1, low=-2, high=10),
    ]
    assert [cell.plain for cell in figures(column, 2)] == [
        " 0.50   [0.25, 0.75]",
        "12.50               ",
        "",
        "-1.00 [-2.00, 10.00]",
    ]


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_900_000, "2.9 MB"), (7 * 10**15, "7000.0 TB")],
)
def test_bytes_have_the_largest_unit_that_fits(count: int, shown: str) -> None:
    assert size_of(count) == shown


def test_a_time_is_shown_to_the_minute() -> None:
    assert minute_of("2026-11-23T18:02:59.123+00:00") == "2026-11-23 18:02"
