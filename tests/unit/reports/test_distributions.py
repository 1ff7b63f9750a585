"""Small charts of two distributions."""

from __future__ import annotations

import re

import numpy as np
import pytest

from raasid.reports.distributions import level_shares, numeric_distributions, quantile


def outline(svg: str, which: int) -> list[float]:
    """Heights of the bars of a side: 0 before, 1 now."""
    paths = [p for p in re.findall(r'<path d="(M0 [^"]*)"', svg) if "V" in p]
    return [86.0 - float(height) for height in re.findall(r"V([\d.]+)H", paths[which])]


def test_the_area_of_a_bin_is_its_share() -> None:
    """Bins of equal shares but other widths are as high as they are narrow."""
    points = [0.0, 1.0, 2.0, 6.0, 10.0]
    svg = numeric_distributions(points, [0.2] * 5, [0.0, 0.0, 1.0, 0.0, 0.0], "x")
    now = np.array(outline(svg, 1))
    left, right = now[4:8].mean(), now[-6:-2].mean()
    assert left == pytest.approx(4 * right, rel=0.15)


def test_outliers_do_not_squeeze_the_rest() -> None:
    points = [*np.linspace(0, 1, 50).tolist(), 1000.0]
    shares = [*[0.999 / 50] * 50, 0.001]
    before = outline(numeric_distributions(points, shares, shares, "x"), 0)
    assert sum(height > 10 for height in before) > 30


def test_a_feature_of_one_value_can_be_drawn() -> None:
    svg = numeric_distributions([3.0], [1.0], [1.0], "x")
    assert "nan" not in svg
    assert max(outline(svg, 1)) > 50


def test_levels_that_differ_most_come_first_and_names_are_escaped() -> None:
    svg = level_shares(["<a>", "b", "c"], [0.1, 0.5, 0.4], [0.1, 0.2, 0.7], "x")
    assert [name for name in re.findall(r">([^<>]+)</text>", svg) if "%" not in name] == [
        "b",
        "c",
        "&lt;a&gt;",
    ]
    assert "<a>" not in svg


def test_a_quantile_is_the_value_up_to_which_a_share_lies() -> None:
    assert quantile([1.0, 2.0, 3.0], [0.2, 0.4, 0.4], 0.5) == 2.0
    assert np.isnan(quantile([], [], 0.5))
