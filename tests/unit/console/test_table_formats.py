from __future__ import annotations

import pytest

from raasid.console.tables import format_bytes, format_time, metric_cells
from raasid.registry.records import MetricValue


def test_values_and_intervals_are_aligned() -> None:
    column = [
        MetricValue(value=0.5, low=0.25, high=0.75),
        MetricValue(value=12.5),
        None,
        MetricValue(value=-1, low=-2, high=10),
    ]
    assert [cell.plain for cell in metric_cells(column, 2)] == [
        " 0.50   [0.25, 0.75]",
        "12.50               ",
        "",
        "-1.00 [-2.00, 10.00]",
    ]


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_900_000, "2.9 MB"), (7 * 10**15, "7000.0 TB")],
)
def test_sizes_have_the_largest_unit_that_fits(count: int, shown: str) -> None:
    assert format_bytes(count) == shown


def test_a_time_is_formatted_to_the_minute() -> None:
    assert format_time("2026-11-23T18:02:59.123+00:00") == "2026-11-23 18:02"
