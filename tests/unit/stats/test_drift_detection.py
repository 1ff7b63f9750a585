from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from drifting_features import made_matches

from raasid.stats.columns import DriftInputError
from raasid.stats.drift import detect
from raasid.stats.drift_report import DriftReport, FeatureDrift
from raasid.stats.match_profile import MatchProfile


def by_name(report: DriftReport) -> dict[str, FeatureDrift]:
    return {feature.name: feature for feature in report.features}


def test_a_shifted_feature_is_the_only_one_that_drifts() -> None:
    rng = np.random.default_rng(0)
    current, reference = rng.normal(size=(200, 3)), rng.normal(size=(1000, 3))
    current[:, 1] += 0.5
    report = detect(current, reference, feature_names=["brightness", "contrast", "sharpness"])
    assert (report.verdict, report.drifted, report.unit) == ("drift", ("contrast",), "row")
    assert (report.rows, report.reference_rows) == (200, 1000)
    worst = report.features[0]
    assert (worst.name, worst.p) == ("contrast", 1 / 2000)
    assert 0.3 < worst.effect < worst.distance < 0.6
    assert report.sentence().startswith("1 of 3 features drift: contrast")


def test_a_significant_but_small_shift_is_no_drift() -> None:
    rng = np.random.default_rng(0)
    current, reference = rng.normal(0.05, 1, (20_000, 1)), rng.normal(size=(20_000, 1))
    report = detect(current, reference)
    assert report.features[0].p < 0.01
    assert report.features[0].effect < 0.10
    assert report.verdict == "no drift"


def test_the_same_seed_gives_the_same_report_and_rows_may_come_in_any_order() -> None:
    rng = np.random.default_rng(1)
    reference, current = made_matches(rng, 20, 10, 3), made_matches(rng, 6, 10, 3, prefix="c")
    order = rng.permutation(len(current.rows))
    profile = MatchProfile.of(reference.rows, reference.matches)
    report = detect(current.rows, profile, matches=current.matches, seed=5)
    again = detect(current.rows[order], profile, matches=current.matches[order], seed=5)
    assert [(f.name, f.p, f.verdict) for f in report.features] == [
        (f.name, f.p, f.verdict) for f in again.features
    ]
    assert [f.effect for f in report.features] == pytest.approx([f.effect for f in again.features])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_units_of_measurement_change_no_verdict(scale: float) -> None:
    rng = np.random.default_rng(2)
    current, reference = rng.normal(0.3, 1, (100, 2)), rng.normal(size=(400, 2))
    report = detect(current * scale + scale, reference * scale + scale)
    for feature, expected in zip(report.features, detect(current, reference).features, strict=True):
        assert (feature.name, feature.verdict) == (expected.name, expected.verdict)
        assert feature.effect == pytest.approx(expected.effect, rel=1e-3, abs=1e-3)


def test_one_new_match_is_too_few_and_the_report_says_how_many_are_needed() -> None:
    rng = np.random.default_rng(0)
    reference = made_matches(rng, 60)
    current = made_matches(rng, 1, shift=9.0, prefix="c")
    report = detect(
        current.rows, reference.rows, matches=current.matches, reference_matches=reference.matches
    )
    assert (report.verdict, report.more_units_needed) == ("too few", 1)
    assert {feature.verdict for feature in report.features} == {"too few"}
    assert "1 current and 60 reference matches reach p = 0.016 at best" in report.sentence()


def test_two_new_matches_are_enough_for_50_features() -> None:
    rng = np.random.default_rng(0)
    reference = made_matches(rng, 60)
    current = made_matches(rng, 2, shift=9.0, prefix="c")
    report = detect(
        current.rows, reference.rows, matches=current.matches, reference_matches=reference.matches
    )
    assert (report.verdict, report.more_units_needed) == ("drift", 0)
    assert report.features[0].name == "0"
    assert report.features[0].p == pytest.approx(1 / 1891)


def test_more_features_are_given_more_permutations() -> None:
    rng = np.random.default_rng(0)
    report = detect(rng.normal(size=(60, 80)), rng.normal(size=(60, 80)), permutations=99)
    assert report.permutations == 3199


def test_categories_drift_by_their_frequency() -> None:
    rng = np.random.default_rng(0)
    current = {
        "light": rng.choice(["day", "night", "dusk"], 200, p=[0.4, 0.5, 0.1]),
        "code": rng.integers(0, 3, 200),
    }
    reference = {"light": rng.choice(["day", "night"], 600, p=[0.8, 0.2]), "code": rng.integers(0, 3, 600)}
    report = detect(current, reference, categorical=["code"])
    found = by_name(report)
    assert report.drifted == ("light",)
    assert found["light"].points == ("day", "dusk", "night")
    assert found["light"].distance == pytest.approx(0.4, abs=0.1)
    assert (found["code"].kind, found["code"].points) == ("categorical", ("0", "1", "2"))


def test_missing_values_are_left_out_and_their_frequency_is_tested() -> None:
    rng = np.random.default_rng(0)
    current, reference = rng.normal(size=(300, 2)), rng.normal(size=(600, 2))
    current[rng.random(300) < 0.4, 0] = np.nan
    report = detect(current, reference, feature_names=["wrist x", "wrist y"])
    found = by_name(report)
    assert report.drifted == ("wrist x is missing",)
    assert found["wrist x"].rows == 300 - int(np.isnan(current[:, 0]).sum())
    assert found["wrist x is missing"].distance == pytest.approx(np.isnan(current[:, 0]).mean())
    assert detect(current, reference, missing=False).drifted == ()


def test_a_feature_without_values_is_named_and_does_not_count() -> None:
    rng = np.random.default_rng(0)
    current, reference = rng.normal(size=(100, 2)), rng.normal(size=(100, 2))
    current[:, 0] = np.nan
    found = by_name(detect(current, reference))
    assert found["0"].verdict == "no values"
    assert np.isnan(found["0"].p)
    assert found["0 is missing"].verdict == "drift"
    nothing = detect(np.full((5, 1), np.nan), np.full((5, 1), np.nan))
    assert nothing.features[-1].verdict == "no values"


def test_numbers_with_none_are_numbers_and_a_column_of_none_is_of_either_kind() -> None:
    numbers: list[float | None] = [1.0, 2, None, 4.0] * 20
    nothing = [None] * 80
    found = by_name(
        detect(
            {"size": numbers, "light": nothing, "angle": numbers},
            {"size": numbers, "light": ["day", "night"] * 40, "angle": nothing},
        )
    )
    assert (found["size"].kind, found["size"].verdict, found["size"].rows) == ("numeric", "no drift", 60)
    assert {found[name].verdict for name in ("light", "angle")} == {"no values"}
    assert {found[f"{name} is missing"].verdict for name in ("light", "angle")} == {"drift"}


@pytest.mark.parametrize(("now", "verdict"), [(3.0, "no drift"), (3.1, "drift")])
def test_a_constant_reference_is_left_by_any_other_value(now: float, verdict: str) -> None:
    report = detect(np.full((50, 1), now), np.full((200, 1), 3.0))
    assert report.verdict == verdict


def test_distributions_of_both_sides_are_part_of_the_report() -> None:
    rng = np.random.default_rng(0)
    feature = detect(rng.normal(1, 1, (300, 1)), rng.normal(size=(300, 1))).features[0]
    assert sum(feature.shares) == pytest.approx(1)
    assert sum(feature.reference_shares) == pytest.approx(1)
    gaps = np.diff(np.array(feature.points, dtype=float))
    area = np.abs(np.cumsum(feature.shares) - np.cumsum(feature.reference_shares))[:-1] @ gaps
    assert area == pytest.approx(feature.distance, rel=0.1)  # here the standard deviation is about 1


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"current": np.zeros((3, 2))}, "the reference lacks feature '1' of current"),
    ({"current": np.zeros((0, 1))}, "current: no rows"),
    ({"current": np.zeros(3)}, r"got shape \(3,\)"),
    ({"current": np.array([[1.0], [np.inf]])}, "1 infinite values, the first in row 1"),
    ({"current": {"0": [1.0], "1": [1.0, 2.0]}}, "columns differ in length: 0 1, 1 2"),
    ({"current": {"0": ["a", "b"]}}, "categorical in current, but numeric in the reference"),
    ({"feature_names": ["a", "b"]}, "2 names, 2 of them distinct, for 1 columns"),
    ({"categorical": ["x"]}, "no feature 'x'"),
    ({"alpha": 1.0}, "alpha must lie between 0 and 1, but is 1.0"),
    ({"permutations": 0}, "permutations must be at least 1"),
    ({"matches": ["a", "a", "b"]}, "reference_matches: give the match"),
    ({"reference_matches": ["a", "a", "b"]}, "matches: give the match"),
    ({"matches": list("abc"), "reference_matches": list("cde")}, "match 'c' is on both sides"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_input_that_cannot_be_compared_is_refused_with_its_reason(
    changed: dict[str, Any], message: str
) -> None:
    fine: dict[str, Any] = {"current": np.zeros((3, 1)), "reference": np.zeros((3, 1))}
    with pytest.raises(DriftInputError, match=message):
        detect(**fine | changed)


def test_a_check_of_50_features_and_70_matches_takes_a_fraction_of_a_second() -> None:
    """0.05 s on an idle core; the limit leaves room for a busy machine."""
    rng = np.random.default_rng(0)
    reference, current = made_matches(rng, 60), made_matches(rng, 10, prefix="c")
    profile = MatchProfile.of(reference.rows, reference.matches)
    began = time.process_time()
    detect(current.rows, profile, matches=current.matches)
    assert time.process_time() - began < 1.0


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, raasid.stats.drift_by_slice, raasid.stats.embedding_drift; "
        "print(*sorted({'scipy', 'torch', 'pandas', 'cv2'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
