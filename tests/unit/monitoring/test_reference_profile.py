"""`profile.json`: read as it was written, refused where it cannot be read."""

from __future__ import annotations

import json

import pytest

from raasid.monitoring.feature_table import FeatureTable
from raasid.monitoring.reference_profile import PROFILE, ReferenceProfile, ReferenceProfileUnusable
from raasid.registry.file_checks import check_files


def profile() -> ReferenceProfile:
    rows = [(f"m{k % 4}", {"brightness": k / 20, "light": "night" if k % 4 else "day"}) for k in range(20)]
    part = FeatureTable.of(rows).profile()
    assert part is not None
    return ReferenceProfile({"footage": part}, {"light": {"m0": "day", "m1": "night"}})


def test_a_profile_is_read_as_it_was_written_and_may_be_in_a_package() -> None:
    written = profile().to_json()
    check_files({PROFILE: written})
    found = ReferenceProfile.from_json(written, "ball_model v1")
    assert found.to_json() == written
    assert found.parts["footage"].matches == ("m0", "m1", "m2", "m3")
    assert found.slices == {"light": {"m0": "day", "m1": "night"}}


def test_the_same_rows_in_any_order_give_the_same_bytes() -> None:
    rows = [(f"m{k % 4}", {"brightness": k / 20}) for k in range(20)]
    written = set()
    for order in (rows, rows[::-1]):
        part = FeatureTable.of(order).profile()
        assert part is not None
        written.add(ReferenceProfile({"footage": part}).to_json())
    assert len(written) == 1


def test_parts_of_a_later_program_are_passed_over() -> None:
    document = json.loads(profile().to_json())
    document["parts"]["gaze"] = {"directions": [1, 2]}
    document["more"] = "of something"
    found = ReferenceProfile.from_json(json.dumps(document).encode(), "ball_model v1")
    assert list(found.parts) == ["footage"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON"),
        (b"[]", "TypeError"),
        (b'{"format": 9, "parts": {}, "slices": {}}', "format 9, not 1"),
        (b'{"format": 1, "parts": {"footage": {"format": 1}}, "slices": {}}', "match profile: KeyError"),
        (b'{"format": 1, "parts": {}, "slices": {"light": 3}}', "AttributeError"),
    ],
)
def test_a_damaged_profile_is_named_with_its_version(content: bytes, reason: str) -> None:
    with pytest.raises(ReferenceProfileUnusable, match=rf"^ball_model v1, profile\.json: .*{reason}"):
        ReferenceProfile.from_json(content, "ball_model v1")
