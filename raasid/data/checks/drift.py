"""Distribution: where footage differs from a reference by more than chance, and by enough to matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raasid.data.checks.features import Feature, features, fill_absent
from raasid.data.checks.permutation import benjamini_hochberg, shift
from raasid.data.checks.sight import Sight
from raasid.data.records import Clip


@dataclass(frozen=True, slots=True)
class Drift:
    """One feature, compared."""

    feature: str
    clips: int
    reference_clips: int
    mean: float
    reference_mean: float
    effect: float | None
    """Bias-corrected W1 over the reference's standard deviation; None: too few clips to say."""
    p: float | None
    """After Benjamini and Hochberg."""
    drifted: bool


@dataclass(frozen=True, slots=True)
class DriftRule:
    """When a difference counts."""

    effect: float = 0.10
    alpha: float = 0.05
    permutations: int = 999
    least_clips: int = 20
    """On either side; with fewer nothing is said."""
    seed: int = 0


def compare(
    clips: Sequence[Clip], sight: Sight, reference: Sequence[Clip], reference_sight: Sight, rule: DriftRule
) -> list[Drift]:
    """Compare all features that both have; tags and facts that one lacks count as absent there."""
    here, there = features(clips, sight), features(reference, reference_sight)
    pairs: list[tuple[str, Feature, Feature]] = []
    for name in sorted(here.keys() | there.keys()):
        if name.startswith("tag ") or "=" in name:
            pairs.append(
                (name, fill_absent(here.get(name), len(clips)), fill_absent(there.get(name), len(reference)))
            )
        elif name in here and name in there:
            pairs.append((name, here[name], there[name]))
    enough = [min(len(set(a.units)), len(set(b.units))) >= rule.least_clips for _, a, b in pairs]
    told = [
        shift(
            np.array(a.values),
            np.array(b.values),
            _counted(a),
            _counted(b),
            rule.permutations,
            rule.seed,
        )
        if able
        else None
        for (_, a, b), able in zip(pairs, enough, strict=True)
    ]
    adjusted = iter(benjamini_hochberg(np.array([found.p for found in told if found])).tolist())
    out = []
    for (name, a, b), found in zip(pairs, told, strict=True):
        p = next(adjusted) if found else None
        drifted = found is not None and p is not None and p < rule.alpha and found.effect >= rule.effect
        out.append(
            Drift(
                name,
                len(set(a.units)),
                len(set(b.units)),
                float(np.mean(a.values)),
                float(np.mean(b.values)),
                found.effect if found else None,
                p,
                drifted,
            )
        )
    return out


def _counted(feature: Feature) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Units as 0, 1, … without gaps."""
    return np.unique(feature.units, return_inverse=True)[1].astype(np.int64)
