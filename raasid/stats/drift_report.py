"""What a drift check finds: the effect, its p-value and the verdict on each feature, and on the whole."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raasid.stats.columns import Kind
from raasid.stats.splits import Stratum, smallest_p
from raasid.stats.unit_distances import UnitCounts


def adjust_p_values(p: ArrayLike) -> NDArray[np.float64]:
    """Return p-values (F,) of F tests adjusted for their number; NaN: not tested, and not counted.

    The expected share of false alarms among the alarms stays below the level at which adjusted values are
    compared; without any real difference that is the chance of any alarm at all (family-wise error). Unlike
    Bonferroni's, the correction keeps its power if many features move together, as brightness, contrast and
    sharpness do at night. It holds for independent and for positively dependent tests.
    Sources: Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001. The values are those of
    `scipy.stats.false_discovery_control`, whose import takes most of a second.
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    (tested,) = np.nonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    scaled = values[order] * (len(order) / np.arange(1, len(order) + 1))
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Verdict = Literal["drift", "no drift", "too few", "no values"]

_TIE = 1e-6
"""Sums in another order differ in their last digits, which must not decide."""
_MOST_MORE = 1000


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """One feature compared with the reference."""

    name: str
    kind: Kind
    effect: float
    """Distance minus its mean under permutation, at least 0."""
    distance: float
    """W1 in standard deviations of the reference, or total variation of a categorical feature."""
    p: float
    adjusted_p: float
    """Adjusted for the number of features (Benjamini and Hochberg)."""
    verdict: Verdict
    """drift; no drift; too few: matches (or rows) for any verdict; no values: on one of the sides."""
    rows: int
    reference_rows: int
    """Rows with a value."""
    points: tuple[float, ...] | tuple[str, ...]
    """The bins' values, rising, or the levels; empty bins are left out."""
    shares: tuple[float, ...]
    reference_shares: tuple[float, ...]
    """Shares of the rows in each bin. The area between the two cumulative sums over `points` is W1."""


@dataclass(frozen=True, slots=True)
class DriftReport:
    """All features, those with the smallest p and the largest effect first."""

    verdict: Verdict
    features: tuple[FeatureDrift, ...]
    unit: Literal["match", "row"]
    """What was permuted."""
    units: int
    reference_units: int
    rows: int
    reference_rows: int
    alpha: float
    min_effect: float
    permutations: int
    smallest_p: float
    """What the most extreme difference could reach with so many units and permutations."""
    more_units_needed: int
    """Further current units before a single drifting feature can pass the correction; 0: enough."""

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the features that drift."""
        return tuple(feature.name for feature in self.features if feature.verdict == "drift")

    def sentence(self) -> str:
        """Return the verdict in one sentence."""
        units = {"match": "matches", "row": "rows"}[self.unit]
        sides = f"{self.units} current and {self.reference_units} reference {units}"
        if self.verdict == "too few":
            needed = self.alpha / len(self.features)
            return (
                f"too few {units}: {sides} reach p = {self.smallest_p:.2g} at best, one of "
                f"{len(self.features)} features needs p < {needed:.2g}; "
                f"current {units} that are still needed: {self.more_units_needed}"
            )
        if self.verdict == "no values":
            return f"no feature has values on both sides ({sides})"
        if not self.drifted:
            return f"none of {len(self.features)} features drifts ({sides})"
        return (
            f"{len(self.drifted)} of {len(self.features)} features drift: {', '.join(self.drifted)} ({sides})"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Distances of F features under the same splits: what the observed ones are worth."""

    distance: Floats
    effect: Floats
    p: Floats
    adjusted_p: Floats
    """(F,) each; NaN for a feature without values on one side."""

    @classmethod
    def of(cls, distances: Floats) -> Comparison:
        """Compare the observed split, the first row of (B + 1, F), with the others."""
        observed, null = distances[0], distances[1:]
        # a split that leaves one side without values is as extreme as can be
        extreme = np.isnan(null) | (null >= observed * (1 - _TIE))
        p = (1 + extreme.sum(axis=0)) / len(distances)
        defined = ~np.isnan(null)
        mean = np.where(defined, null, 0).sum(axis=0) / np.maximum(defined.sum(axis=0), 1)
        effect = np.maximum(0.0, observed - mean)
        p[np.isnan(observed)] = np.nan
        return cls(observed, effect, p, adjust_p_values(p))

    def verdicts(self, alpha: float, min_effect: float, enough: bool) -> list[Verdict]:
        """Return the verdict on each feature; a p-value equal to alpha does not pass."""
        passed = (self.adjusted_p < alpha * (1 - 1e-9)) & (self.effect >= min_effect)
        found: list[Verdict] = []
        for undefined, alarm in zip(np.isnan(self.p), passed, strict=True):
            if undefined:
                found.append("no values")
            elif not enough:
                found.append("too few")
            else:
                found.append("drift" if alarm else "no drift")
        return found


def overall(verdicts: Collection[Verdict]) -> Verdict:
    """Return the verdict of a whole check."""
    for verdict in ("drift", "too few", "no drift"):
        if verdict in verdicts:
            return verdict
    return "no values"


def can_pass(strata: Sequence[Stratum], permutations: int, num_features: int, alpha: float) -> bool:
    """Whether a single drifting feature of F could pass the correction."""
    return smallest_p(strata, permutations) * num_features < alpha * (1 - 1e-9)


def drift_report(
    features: Sequence[UnitCounts],
    distances: Floats,
    observed: NDArray[np.bool_],
    strata: Sequence[Stratum],
    unit: Literal["match", "row"],
    sizes: Stratum,
    permutations: int,
    alpha: float,
    min_effect: float,
) -> DriftReport:
    """Judge F features by their distances (B + 1, F) under the same splits, the first being the observed one.

    observed: (U,) which units are current. strata: the units that are exchanged. sizes: matches or rows of
    both sides. permutations: as many as were asked for.
    """
    found = Comparison.of(distances)
    num_tested = max(1, int((~np.isnan(found.p)).sum()))
    more = 0
    while more < _MOST_MORE and not can_pass(_with_more(strata, more), permutations, num_tested, alpha):
        more += 1
    verdicts = found.verdicts(alpha, min_effect, enough=can_pass(strata, permutations, num_tested, alpha))
    rows_of_unit = features[0].counts.sum(axis=1) + features[0].missing
    results = [
        _feature(feature, found, k, verdict, observed)
        for k, (feature, verdict) in enumerate(zip(features, verdicts, strict=True))
    ]
    return DriftReport(
        verdict=overall(verdicts),
        features=tuple(sorted(results, key=_worst_first)),
        unit=unit,
        units=sizes.current,
        reference_units=sizes.reference,
        rows=int(rows_of_unit[observed].sum()),
        reference_rows=int(rows_of_unit[~observed].sum()),
        alpha=alpha,
        min_effect=min_effect,
        permutations=len(distances) - 1,
        smallest_p=smallest_p(strata, permutations),
        more_units_needed=more,
    )


def _with_more(strata: Sequence[Stratum], more: int) -> list[Stratum]:
    """Add current units to the stratum with the largest reference."""
    largest = max(range(len(strata)), key=lambda k: strata[k].reference)
    return [Stratum(s.current + more * (k == largest), s.reference) for k, s in enumerate(strata)]


def _worst_first(feature: FeatureDrift) -> tuple[bool, float, float, str]:
    return (np.isnan(feature.p), feature.p, -feature.effect, feature.name)


def _feature(
    feature: UnitCounts, found: Comparison, k: int, verdict: Verdict, current: NDArray[np.bool_]
) -> FeatureDrift:
    ours, theirs = feature.counts[current].sum(axis=0), feature.counts[~current].sum(axis=0)
    return FeatureDrift(
        name=feature.name,
        kind="numeric" if feature.numeric else "categorical",
        effect=float(found.effect[k]),
        distance=float(found.distance[k]),
        p=float(found.p[k]),
        adjusted_p=float(found.adjusted_p[k]),
        verdict=verdict,
        rows=int(ours.sum()),
        reference_rows=int(theirs.sum()),
        points=feature.points,
        shares=_shares(ours),
        reference_shares=_shares(theirs),
    )


def _shares(counts: Ints) -> tuple[float, ...]:
    return tuple((counts / max(1, int(counts.sum()))).tolist())
