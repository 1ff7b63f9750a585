"""Tables of features: what is kept of the rows, and which features of two sides are compared."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raasid.monitoring.feature_table import FeatureTable, Row, spread_by_match
from raasid.stats.match_profile import MatchProfile


def table(prefix: str, *rows: Row) -> FeatureTable:
    return FeatureTable.of((f"{prefix}{k}", row) for k, row in enumerate(rows))


def profile(*rows: Row) -> MatchProfile:
    found = table("old", *rows).profile()
    assert found is not None
    return found


def compared(current: FeatureTable, reference: MatchProfile) -> list[str]:
    ours, theirs = current.compared_with(reference)
    assert list(ours.columns) == [feature.name for feature in theirs.features]
    return list(ours.columns)


def test_features_of_both_sides_are_compared() -> None:
    reference = profile({"contrast": 0.1, "old": 1.0}, {"contrast": 0.2, "old": 2.0})
    assert compared(table("new", {"contrast": 0.1, "new": 1.0}), reference) == ["contrast"]


def test_a_number_that_some_rows_lack_is_compared_but_a_category_is_not() -> None:
    reference = profile({"ball x": 0.1, "light": "night"}, {"ball x": 0.2, "light": "day"})
    assert compared(table("new", {"ball x": 0.1, "light": "day"}, {}), reference) == ["ball x"]
    assert compared(table("new", {"ball x": 0.1, "light": "day"}), reference) == ["ball x", "light"]


def test_one_value_everywhere_is_no_test_and_another_one_is() -> None:
    reference = profile({"width": 640.0, "light": "day"}, {"width": 640.0, "light": "day"})
    assert compared(table("new", {"width": 640.0, "light": "day"}), reference) == []
    assert compared(table("new", {"width": 320.0, "light": "night"}), reference) == ["light", "width"]


def test_a_feature_without_any_value_is_left_out() -> None:
    assert list(table("new", {"a": 1.0, "b": None}, {"a": None}).columns) == ["a"]
    assert table("new").profile() is None


def test_what_only_the_last_digits_tell_apart_is_equal() -> None:
    found = table("new", {"confidence": 0.00993603}, {"confidence": 0.00993608})
    assert len(set(found.columns["confidence"])) == 1


def test_rows_of_known_matches_can_be_left_out() -> None:
    found = table("new", {"a": 1.0}, {"a": 2.0}, {"a": 3.0}).without({"new1", "other"})
    assert found.matches == ("new0", "new2")
    assert found.columns["a"].tolist() == [1.0, 3.0]


@given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(1, 9))
def test_so_many_rows_of_each_match_are_kept_and_they_are_spread(matches: list[str], most: int) -> None:
    kept = spread_by_match(matches, most)
    assert kept == sorted(set(kept))
    for match in set(matches):
        own = [k for k, name in enumerate(matches) if name == match]
        chosen = [own.index(k) for k in kept if matches[k] == match]
        assert len(chosen) == min(most, len(own))
        assert max(np.diff([-1, *chosen, len(own)])) <= len(own) / len(chosen) + 1
