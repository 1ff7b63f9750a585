"""How often drift is reported where there is none, and found where there is some.

`make soak ARGS="tests/unit/stats/test_drift_error_rates.py -n 0 -s"` prints the figures.
"""

from __future__ import annotations

import numpy as np
import pytest
from drifting_features import made_matches
from scipy.stats import binom
from soak import SOAK, rounds

from raasid.stats.drift import detect
from raasid.stats.drift_report import DriftReport
from raasid.stats.match_profile import MatchProfile

FEATURES = 50
ALPHA = 0.05
BARE_RULE = 0.10


def bare_rule(report: DriftReport) -> bool:
    """What "Wasserstein distance above 10 % of the standard deviation" says of the same rows."""
    return any(feature.distance >= BARE_RULE for feature in report.features)


def at_most_alpha(alarms: int, checks: int) -> bool:
    """Few checks allow for chance, many do not."""
    return alarms <= (ALPHA * checks if SOAK else binom.ppf(0.999, checks, ALPHA))


def found_in(report: DriftReport) -> bool:
    return "0" in report.drifted


@pytest.mark.soak
@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_independent_rows_without_drift_rarely_raise_an_alarm(rows: int) -> None:
    rng, checks = np.random.default_rng(rows), rounds(quick=6, soak=500)
    alarms = bare = 0
    for seed in range(checks):
        current, reference = rng.normal(size=(rows, FEATURES)), rng.normal(size=(1000, FEATURES))
        report = detect(current, reference, seed=seed)
        alarms += report.verdict == "drift"
        bare += bare_rule(report)
    print(f"\nn = {rows}, {checks} checks: alarms {alarms / checks:.1%}, bare rule {bare / checks:.1%}")
    assert at_most_alpha(alarms, checks)
    if rows <= 200:
        assert bare == checks


@pytest.mark.soak
def test_half_a_standard_deviation_in_one_of_50_features_is_found_in_200_rows() -> None:
    rng, checks = np.random.default_rng(7), rounds(quick=6, soak=500)
    found = 0
    for seed in range(checks):
        current, reference = rng.normal(size=(200, FEATURES)), rng.normal(size=(1000, FEATURES))
        current[:, 0] += 0.5
        found += found_in(detect(current, reference, seed=seed))
    print(f"\n0.5 sigma at n = 200, {checks} checks: found {found / checks:.1%}")
    assert found >= 0.95 * checks


@pytest.mark.soak
@pytest.mark.parametrize("correlation", [0.0, 0.05, 0.2])
def test_matches_without_drift_rarely_raise_an_alarm(correlation: float) -> None:
    """60 reference and 10 current matches of 40 rows; checked with the profile alone."""
    rng, checks = np.random.default_rng(int(1000 * correlation)), rounds(quick=10, soak=500)
    frame_checks = rounds(quick=2, soak=200)
    alarms = bare = by_frame = 0
    for seed in range(checks):
        current = made_matches(rng, 10, correlation=correlation, prefix="c")
        reference = made_matches(rng, 60, correlation=correlation)
        profile = MatchProfile.of(reference.rows, reference.matches)
        report = detect(current.rows, profile, matches=current.matches, seed=seed)
        alarms += report.verdict == "drift"
        bare += bare_rule(report)
        if seed < frame_checks:
            by_frame += detect(current.rows, reference.rows, seed=seed).verdict == "drift"
    print(
        f"\ncorrelation {correlation}, {checks} checks: alarms {alarms / checks:.1%}, "
        f"bare rule {bare / checks:.1%}, frames permuted {by_frame / frame_checks:.1%} of {frame_checks}"
    )
    assert at_most_alpha(alarms, checks)
    if correlation >= 0.2:
        assert by_frame > 0.1 * frame_checks


@pytest.mark.soak
@pytest.mark.parametrize(
    ("correlation", "shift", "least"), [(0.05, 0.5, 0.8), (0.2, 1.0, 0.9), (0.2, 0.5, 0.1)]
)
def test_a_shift_is_found_in_ten_matches(correlation: float, shift: float, least: float) -> None:
    """At a correlation of 0.2 half a standard deviation is within what ten matches differ by."""
    rng, checks = np.random.default_rng(int(100 * shift)), rounds(quick=20, soak=500)
    found = 0
    for seed in range(checks):
        current = made_matches(rng, 10, correlation=correlation, shift=shift, prefix="c")
        reference = made_matches(rng, 60, correlation=correlation)
        profile = MatchProfile.of(reference.rows, reference.matches)
        found += found_in(detect(current.rows, profile, matches=current.matches, seed=seed))
    print(f"\n{shift} sigma, correlation {correlation}, {checks} checks: found {found / checks:.1%}")
    assert found >= least * checks


@pytest.mark.soak
@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_of_a_single_feature_the_bare_rule_reports_noise_and_the_test_does_not(rows: int) -> None:
    """The operating characteristic of both: how often a shift of so many sigma is reported, 0 included."""
    rng, checks = np.random.default_rng([rows, 2]), rounds(quick=10, soak=500)
    reported, bare = {}, {}
    for shift in (0.0, 0.1, 0.2, 0.3, 0.5):
        reports = [
            detect(rng.normal(shift, size=(rows, 1)), rng.normal(size=(1000, 1)), seed=seed)
            for seed in range(checks)
        ]
        reported[shift] = sum(report.verdict == "drift" for report in reports)
        bare[shift] = sum(map(bare_rule, reports))
        print(
            f"\none feature, n = {rows}, {shift} sigma, {checks} checks: "
            f"found {reported[shift] / checks:.1%}, bare rule {bare[shift] / checks:.1%}"
        )
    # a single test has its level exactly, so that half of all simulations are above it
    assert reported[0.0] <= binom.ppf(0.999, checks, ALPHA)
    assert reported[0.5] >= {50: 0.5, 200: 0.95, 1000: 0.95}[rows] * checks
    if rows == 50:
        assert bare[0.0] >= 0.8 * checks
