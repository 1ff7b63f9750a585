from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raasid.reports.charts import MarkedPoint, Series, interval_bar, line_chart, tick_label, ticks

FLOATS = st.floats(-1e6, 1e6) | st.just(math.nan)


@given(pairs=st.lists(st.tuples(FLOATS, FLOATS), max_size=20))
def test_any_series_gives_well_formed_svg_inside_its_frame(pairs):
    chart = line_chart([Series("a & b", [x for x, _ in pairs], [y for _, y in pairs])], "x <", "y")
    root = ElementTree.fromstring(chart)
    if root.tag == "svg":
        for circle in root.iter("circle"):
            assert 0 <= float(circle.get("cx", "nan")) <= 520
            assert 0 <= float(circle.get("cy", "nan")) <= 300


@given(low=st.floats(-1e5, 1e5), span=st.floats(1e-3, 1e5))
def test_ticks_are_few_and_lie_between_the_ends(low, span):
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 7
    slack = span * 1e-6
    assert all(low - slack <= tick <= low + span + slack for tick in found)


@pytest.mark.parametrize(
    ("value", "label"), [(0.0, "0"), (0.2 + 0.1, "0.3"), (1500.0, "1500"), (5e-4, "5e-4"), (2e5, "2e5")]
)
def test_a_tick_label_is_as_short_as_possible(value, label):
    assert tick_label(value) == label


def test_series_differ_without_colour():
    chart = line_chart([Series(name, [0, 1], [0, 1]) for name in "abc"], "x", "y")
    assert len(set(re.findall(r'<path d="M\S+ 27h24"[^>]*stroke-dasharray="([^"]*)"', chart))) == 3


def test_a_marked_point_has_a_name_and_an_undefined_one_is_left_out():
    line = Series("a", [0, 1], [0, 1])
    assert ">here<" in line_chart([line], "x", "y", point=MarkedPoint("here", 0.5, 0.5))
    assert ">here<" not in line_chart([line], "x", "y", point=MarkedPoint("here", math.nan, 0.5))


def test_a_bar_shows_its_interval_only_where_there_is_one():
    assert "<path" in interval_bar(0.5, 0.4, 0.6)
    assert "<path" not in interval_bar(1.0, 1.0, 1.0)
    assert "<path" not in interval_bar(0.5, math.nan, math.nan)
    assert interval_bar(math.nan, math.nan, math.nan) == ""


def test_intervals_are_whiskers_of_their_points() -> None:
    bare = Series("rate", [1, 2, 3], [0.4, 0.5, 0.6])
    with_intervals = Series("rate", [1, 2, 3], [0.4, 0.5, 0.6], [(0.3, 0.5), (math.nan, 0.6), (0.5, 0.7)])
    paths = [line_chart([one], "week", "rate").count("<path") for one in (bare, with_intervals)]
    assert paths[1] == paths[0] + 2
