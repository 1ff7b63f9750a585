"""A changed mix of slices told apart from a changed world.

If night matches become frequent, brightness drifts although neither day nor night looks any different: the
mix has changed, and the model already knows both. If night itself looks different, the world has changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raasid.stats.columns import DriftInputError, Table, columns
from raasid.stats.drift import (
    ALPHA,
    MIN_EFFECT,
    PERMUTATIONS,
    check_options,
    count_matches,
    detect,
    enough_permutations,
    match_profile,
)
from raasid.stats.drift_report import DriftReport, drift_report
from raasid.stats.match_profile import MatchProfile
from raasid.stats.splits import Splits, Stratum, draw_splits
from raasid.stats.unit_distances import UnitCounts, equalize_rows

Conclusion = Literal["mix", "world", "both", "none", "too few"]
_SENTENCES: dict[Conclusion, str] = {
    "mix": "known kinds of matches have become more or less frequent; within each kind nothing drifts",
    "world": "matches of the same kind look different from before; how frequent each kind is has not changed",
    "both": "kinds of matches have become more or less frequent, and within a kind they look different",
    "none": "neither the frequency of kinds of matches nor their look has changed",
    "too few": "too few matches of the same kind on both sides to tell whether they look different",
}


@dataclass(frozen=True, slots=True)
class MixOrWorld:
    """What has changed: the mix of slices, the features within them, both, or nothing."""

    conclusion: Conclusion
    mix: DriftReport
    """One categorical feature, "slice", with a row for each match."""
    world: DriftReport | None
    """Features within slices, pooled over them; None if no slice has matches on both sides."""
    slices: tuple[str, ...]
    """Slices with matches on both sides, which `world` is about."""
    new: tuple[str, ...]
    gone: tuple[str, ...]
    """Slices that only current, and only the reference has."""

    def sentence(self) -> str:
        """Return the conclusion in one sentence."""
        new = f"; new: {', '.join(self.new)}" if self.new else ""
        return _SENTENCES[self.conclusion] + new


def mix_or_world(
    current: Table,
    reference: Table | MatchProfile,
    slices: Mapping[str, str],
    *,
    matches: ArrayLike,
    reference_matches: ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
    categorical: Collection[str] = (),
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    alpha: float = ALPHA,
    min_effect: float = MIN_EFFECT,
) -> MixOrWorld:
    """Test the mix of slices, and the features within slices.

    slices: the slice (stadium, competition, light) of every match of both sides. The other arguments are
    those of `raasid.stats.drift.detect`.
    The world is tested by the distance within each slice, averaged with the slices' shares of the current
    matches; matches are exchanged within their slice only (stratified permutation; Good, Permutation tests,
    2005). A slice that one side lacks belongs to the mix alone.
    Raises DriftInputError.
    """
    check_options(permutations, alpha, min_effect)
    table = columns(current, "current", feature_names, categorical)
    profile = match_profile(reference, reference_matches, feature_names, categorical)
    names, counted = count_matches(table, matches, profile)
    features = equalize_rows(counted, seed)
    unknown = sorted({*names, *profile.matches} - slices.keys())
    if unknown:
        raise DriftInputError([f"slices: match {unknown[0]!r} has none ({len(unknown)} have none)"])
    ours, theirs = (np.array([slices[name] for name in side]) for side in (names, profile.matches))
    mix = detect(
        {"slice": ours},
        {"slice": theirs},
        matches=names,
        reference_matches=profile.matches,
        seed=seed,
        permutations=permutations,
        alpha=alpha,
        min_effect=min_effect,
    )
    both = sorted({*ours.tolist()} & {*theirs.tolist()})
    world = None
    if both:
        enough = enough_permutations(permutations, len(features), alpha)
        world = _within_slices(features, ours, theirs, both, seed, enough, alpha, min_effect)
    return MixOrWorld(
        conclusion=_conclusion(mix, world),
        mix=mix,
        world=world,
        slices=tuple(both),
        new=tuple(sorted({*ours.tolist()} - {*theirs.tolist()})),
        gone=tuple(sorted({*theirs.tolist()} - {*ours.tolist()})),
    )


def _conclusion(mix: DriftReport, world: DriftReport | None) -> Conclusion:
    if world is None or world.verdict in ("too few", "no values"):
        return "too few"
    if world.verdict == "drift":
        return "both" if mix.verdict == "drift" else "world"
    return "mix" if mix.verdict == "drift" else "none"


def _within_slices(
    features: Sequence[UnitCounts],
    ours: NDArray[np.str_],
    theirs: NDArray[np.str_],
    both: Sequence[str],
    seed: int,
    permutations: int,
    alpha: float,
    min_effect: float,
) -> DriftReport:
    label = np.concatenate([ours, theirs])
    # the units of each slice; numbers below len(ours) are current ones
    units = [np.flatnonzero(label == name) for name in both]
    strata = [Stratum(int((at < len(ours)).sum()), int((at >= len(ours)).sum())) for at in units]
    splits = draw_splits(strata, permutations, seed)
    distances = np.stack([_pooled(feature, splits, units, strata) for feature in features], axis=1)
    kept = np.isin(label, both)
    compared = [feature.of_units(kept) for feature in features]
    sizes = Stratum(sum(s.current for s in strata), sum(s.reference for s in strata))
    observed = (np.arange(len(label)) < len(ours))[kept]
    return drift_report(
        compared, distances, observed, strata, "match", sizes, permutations, alpha, min_effect
    )


def _pooled(
    feature: UnitCounts, splits: Splits, units: Sequence[NDArray[np.int64]], strata: Sequence[Stratum]
) -> NDArray[np.float64]:
    """Average the distances within slices; a slice in which a side has no value at all is left out."""
    total, weight, start = np.zeros(len(splits)), 0, 0
    for at, stratum in zip(units, strata, strict=True):
        distance = feature.distances(splits[:, start : start + len(at)], at)
        start += len(at)
        if not np.isnan(distance[0]):
            total += stratum.current * distance
            weight += stratum.current
    return total / weight if weight else np.full(len(splits), np.nan)
