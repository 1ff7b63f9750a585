from __future__ import annotations

import json

import numpy as np
import pytest
from drifting_features import made_matches
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.stats.columns import DriftInputError
from raasid.stats.drift import detect
from raasid.stats.match_profile import MatchProfile, ProfileUnusableError


def small_profile() -> MatchProfile:
    table = {"size": [1.0, 2.0, np.nan, 4.0], "light": ["day", "night", None, "day"]}
    return MatchProfile.of(table, ["m2", "m1", "m1", "m2"])


@settings(max_examples=20)
@given(seed=st.integers(0, 99))
def test_the_same_rows_in_any_order_give_the_same_bytes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = made_matches(rng, matches=6, rows=20, features=3, correlation=0.1)
    made.rows[rng.random(made.rows.shape) < 0.05] = np.nan
    order = rng.permutation(len(made.rows))
    one = MatchProfile.of(made.rows, made.matches).to_json()
    assert MatchProfile.of(made.rows[order], made.matches[order]).to_json() == one
    assert MatchProfile.from_json(one).to_json() == one


def test_rows_are_counted_by_match_and_missing_values_apart() -> None:
    profile = small_profile()
    size, light = profile.features
    assert profile.matches == ("m1", "m2")
    assert size.counts.sum(axis=1).tolist() == [1, 2]
    assert size.missing.tolist() == light.missing.tolist() == [1, 0]
    assert (light.levels, light.counts.tolist()) == (("day", "night"), [[0, 1], [2, 0]])


def test_a_stored_profile_gives_the_same_report_as_the_rows() -> None:
    rng = np.random.default_rng(0)
    reference = made_matches(rng, 30, rows=20, features=4)
    current = made_matches(rng, 8, rows=20, features=4, shift=0.7, prefix="c")
    stored = MatchProfile.from_json(MatchProfile.of(reference.rows, reference.matches).to_json())
    from_profile = detect(current.rows, stored, matches=current.matches)
    from_rows = detect(
        current.rows, reference.rows, matches=current.matches, reference_matches=reference.matches
    )
    assert from_profile == from_rows
    assert from_profile.drifted == ("0",)


def test_50_features_of_70_matches_take_less_than_a_megabyte() -> None:
    made = made_matches(np.random.default_rng(0), 70, rows=40, features=50)
    size = len(MatchProfile.of(made.rows, made.matches).to_json())
    print(f"profile of 50 features and 70 matches: {size / 1000:.0f} kB")
    assert size < 1_000_000


def _change(document: dict[str, object], key: str, value: object) -> dict[str, object]:
    features = document["features"]
    assert isinstance(features, list)
    return document | {"features": [{**features[0], key: value}, *features[1:]]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("counts", [[1]]),
        ("counts", [[-1, 0, 0], [0, 0, 0]]),
        ("counts", [[0.5, 0, 0], [0, 0, 0]]),
        ("missing", [1]),
        ("edges", [3.0, 2.0, 1.0]),
        ("means", [0.0, 0.0, 0.0]),
        ("std", -1.0),
        ("std", "wide"),
        ("kind", "ordinal"),
        ("name", 7),
    ],
)
def test_a_damaged_profile_is_refused_with_its_reason(key: str, value: object) -> None:
    document = json.loads(small_profile().to_json())
    with pytest.raises(ProfileUnusableError, match="write it again"):
        MatchProfile.from_json(json.dumps(_change(document, key, value)))


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 9}', '{"format": 1, "matches": []}'])
def test_what_is_no_profile_is_refused(text: str) -> None:
    with pytest.raises(ProfileUnusableError):
        MatchProfile.from_json(text)


def test_each_row_needs_a_match() -> None:
    with pytest.raises(DriftInputError, match=r"3 rows, but matches of shape \(2,\)"):
        MatchProfile.of(np.zeros((3, 1)), ["a", "b"])
