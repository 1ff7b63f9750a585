"""Drift of features between current and reference rows: an effect that matters, and more than chance.

    report = detect(current, reference, matches=matches, reference_matches=reference_matches)

A feature drifts if its distance from the reference is significant (permutation test of matches, adjusted for
the number of features) and large (at least 0.10 after the bias of small samples is subtracted). A bare
"W1 / std >= 0.1" alarms on noise: with 200 rows and 50 features, always.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from raasid.stats.columns import Column, DriftInputError, Table, columns, match_names
from raasid.stats.drift_report import DriftReport, drift_report
from raasid.stats.match_profile import FeatureProfile, MatchProfile
from raasid.stats.splits import Stratum, deal_rows, draw_splits
from raasid.stats.unit_distances import UnitCounts, all_distances, equalize_rows

PERMUTATIONS = 1999
ALPHA = 0.05
MIN_EFFECT = 0.10


def detect(
    current: Table,
    reference: Table | MatchProfile,
    *,
    matches: ArrayLike | None = None,
    reference_matches: ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
    categorical: Collection[str] = (),
    missing: bool = True,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    alpha: float = ALPHA,
    min_effect: float = MIN_EFFECT,
) -> DriftReport:
    """Compare current rows (N, F) with reference rows (M, F), or with the profile that a version keeps.

    current, reference: arrays of numbers, or columns by name; NaN or None: missing. Text, bool, and columns
    named in `categorical` are categories.
    missing: test "NAME is missing" as well, where values are missing.
    matches: (N,) and (M,) the match of each row; rows of one match resemble each other, so that whole matches
    are exchanged, after some of them have lost rows so that both sides have matches of the same sizes.
    Without them rows must be independent: they are dealt at random into units of equal size.
    permutations: at least; more are drawn if one of F features could not pass the correction otherwise.
    alpha: upper limit of the chance of any alarm if nothing has changed. min_effect: standard deviations of
    the reference (W1), or share (categories).
    Raises DriftInputError: other features, infinite values, a match on both sides, no rows.
    """
    check_options(permutations, alpha, min_effect)
    table = columns(current, "current", feature_names, categorical)
    rows = len(table[0].present)
    if isinstance(reference, MatchProfile) or reference_matches is not None or matches is not None:
        profile = match_profile(reference, reference_matches, feature_names, categorical)
        names, features = count_matches(table, matches, profile, missing)
        sizes = Stratum(len(names), len(profile.matches))
        permutations = enough_permutations(permutations, len(features), alpha)
        splits = draw_splits([sizes], permutations, seed)
        distances = all_distances(equalize_rows(features, seed), splits)
        return drift_report(
            features, distances, splits[0], [sizes], "match", sizes, permutations, alpha, min_effect
        )
    other = columns(reference, "reference", feature_names, categorical)
    other_rows = len(other[0].present)
    stratum, unit, other_unit = deal_rows(rows, other_rows, np.random.default_rng([seed, 1]))
    # rows left over, or beyond what is exchanged, are one more unit of each side, which stays where it is
    _check_sides(table, other, [], [])
    there = {column.name: column for column in other}
    features = [
        UnitCounts.of(
            column,
            unit,
            stratum.current + 1,
            FeatureProfile.of(there[column.name], other_unit, stratum.reference + 1),
        )
        for column in table
    ]
    features += _missing(features) if missing else []
    permutations = enough_permutations(permutations, len(features), alpha)
    splits = draw_splits([stratum], permutations, seed)
    splits = np.insert(splits, stratum.current, True, axis=1)
    splits = np.append(splits, np.zeros((len(splits), 1), dtype=bool), axis=1)
    distances = all_distances(features, splits)
    return drift_report(
        features,
        distances,
        splits[0],
        [stratum],
        "row",
        Stratum(rows, other_rows),
        permutations,
        alpha,
        min_effect,
    )


def count_matches(
    table: Sequence[Column], matches: ArrayLike | None, profile: MatchProfile, missing: bool = True
) -> tuple[tuple[str, ...], list[UnitCounts]]:
    """Return the sorted matches of a table, and its features counted by match in the bins of a profile.

    Raises DriftInputError.
    """
    if matches is None:
        raise DriftInputError(["matches: give the match of each current row, as the reference has matches"])
    names, unit = np.unique(match_names(matches, len(table[0].present), "current"), return_inverse=True)
    _check_sides(table, profile.features, names, profile.matches)
    there = {feature.name: feature for feature in profile.features}
    features = [UnitCounts.of(column, unit, len(names), there[column.name]) for column in table]
    features += _missing(features) if missing else []
    return tuple(names.tolist()), features


def enough_permutations(permutations: int, num_features: int, alpha: float) -> int:
    """Return how many permutations let one feature of F pass: the smallest p is at most alpha / (2 F)."""
    return max(permutations, ceil(2 * num_features / alpha) - 1)


def check_options(permutations: int, alpha: float, min_effect: float) -> None:
    """Raise DriftInputError for values that no test can be made with."""
    problems = []
    if permutations < 1:
        problems.append(f"permutations must be at least 1, but is {permutations}")
    if not 0 < alpha < 1:
        problems.append(f"alpha must lie between 0 and 1, but is {alpha}")
    if not min_effect >= 0:
        problems.append(f"min_effect must be at least 0, but is {min_effect}")
    if problems:
        raise DriftInputError(problems)


def match_profile(
    reference: Table | MatchProfile,
    reference_matches: ArrayLike | None,
    feature_names: Sequence[str] | None,
    categorical: Collection[str],
) -> MatchProfile:
    """Return the profile of a reference, which may be one already. Raises DriftInputError."""
    if isinstance(reference, MatchProfile):
        if reference_matches is not None:
            raise DriftInputError(["reference_matches: a profile has its own; leave it out"])
        return reference
    if reference_matches is None:
        raise DriftInputError(
            ["reference_matches: give the match of each reference row, as current has matches"]
        )
    return MatchProfile.of(reference, reference_matches, feature_names=feature_names, categorical=categorical)


def _check_sides(
    table: Sequence[Column],
    features: Sequence[FeatureProfile | Column],
    matches: Collection[str],
    reference_matches: Collection[str],
) -> None:
    here = {column.name: column.kind for column in table}
    there = {feature.name: feature.kind for feature in features}
    # a column without any value is of either kind
    empty = {column.name for column in table if column.is_empty}
    empty |= {feature.name for feature in features if feature.is_empty}
    problems = [f"current lacks feature {name!r} of the reference" for name in there if name not in here]
    problems += [f"the reference lacks feature {name!r} of current" for name in here if name not in there]
    problems += [
        f"feature {name!r} is {kind} in current, but {there[name]} in the reference"
        for name, kind in here.items()
        if there.get(name, kind) != kind and name not in empty
    ]
    both = sorted(set(matches) & set(reference_matches))
    if both:
        problems.append(f"match {both[0]!r} is on both sides ({len(both)} are); leave it out of one")
    if problems:
        raise DriftInputError(problems)


def _missing(features: Sequence[UnitCounts]) -> list[UnitCounts]:
    """Return, for each feature with missing values, whether its value is missing."""
    return [UnitCounts.of_missing(feature) for feature in features if feature.missing.any()]
