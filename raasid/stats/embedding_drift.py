"""Drift of embeddings: maximum mean discrepancy (MMD) with a Gaussian kernel, tested by permuting matches.

The kernel is approximated by random Fourier features, whose mean describes a distribution: two of them
differ as far as their means do. Means of matches are averaged to means of sides, so that a permutation of
matches is one row of a matrix product.
Sources: Rahimi and Recht 2007; Gretton et al., A kernel two-sample test, 2012; the median heuristic for the
kernel's width, Garreau et al. 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raasid.stats.columns import DriftInputError, match_names
from raasid.stats.drift import ALPHA, PERMUTATIONS, check_options
from raasid.stats.splits import Stratum, deal_rows, draw_splits, smallest_p

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MIN_EFFECT = 0.05
NUM_FEATURES = 256
_ROWS_FOR_WIDTH = 500
_BLOCK_ROWS = 4096
_TIE = 1e-6


@dataclass(frozen=True, slots=True)
class EmbeddingDrift:
    """Embeddings compared with those of the reference."""

    verdict: Literal["drift", "no drift", "too few"]
    """too few: matches (or rows) for a p-value below alpha."""
    effect: float
    """MMD after the bias of small samples is subtracted from its square; 0 (alike) to 1.4 (far apart)."""
    distance: float
    """MMD as it is."""
    p: float
    width: float
    """The kernel's standard deviation: the median distance of two rows."""
    unit: Literal["match", "row"]
    units: int
    reference_units: int
    smallest_p: float


def embedding_drift(
    current: ArrayLike,
    reference: ArrayLike,
    *,
    matches: ArrayLike | None = None,
    reference_matches: ArrayLike | None = None,
    num_features: int = NUM_FEATURES,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    alpha: float = ALPHA,
    min_effect: float = MIN_EFFECT,
) -> EmbeddingDrift:
    """Compare embeddings (N, D) with those of a reference (M, D), in one test of all dimensions together.

    matches: (N,) and (M,) the match of each row; every match counts once. Without them rows must be
    independent; they are dealt at random into units of equal size.
    min_effect: for Gaussian embeddings in 32 dimensions 0.05 is a shift of about 0.6 standard deviations
    along one of them, or of 0.1 along each.
    Raises DriftInputError: other shapes, NaN or infinite values, matches of one side only or on both.
    """
    check_options(permutations, alpha, min_effect)
    ours, theirs = _embeddings(current, "current"), _embeddings(reference, "reference")
    if ours.shape[1] != theirs.shape[1]:
        raise DriftInputError([f"current has {ours.shape[1]} dimensions, the reference {theirs.shape[1]}"])
    rng = np.random.default_rng([seed, 1])
    if matches is None and reference_matches is None:
        stratum, unit, other_unit = deal_rows(len(ours), len(theirs), rng)
    else:
        stratum, unit, other_unit = _matches(matches, reference_matches, len(ours), len(theirs))
    width = _median_distance(np.concatenate([_some(ours, rng), _some(theirs, rng)]))
    # a width of 0: most rows are equal, and any scale tells them from the others
    directions = rng.normal(size=(ours.shape[1], num_features)) / (width or 1.0)
    phases = rng.uniform(0, 2 * np.pi, num_features)
    means = np.concatenate(
        [
            _mean_features(ours, unit, stratum.current, directions, phases),
            _mean_features(theirs, other_unit, stratum.reference, directions, phases),
        ]
    )
    squares = _squared_distances(draw_splits([stratum], permutations, seed), means, stratum)
    observed, null = float(squares[0]), squares[1:]
    p = float((1 + (null >= observed * (1 - _TIE)).sum()) / len(squares))
    effect = max(0.0, observed - float(null.mean()) if len(null) else 0.0) ** 0.5
    best = smallest_p([stratum], permutations)
    drifted = p < alpha and effect >= min_effect
    by_match = matches is not None
    return EmbeddingDrift(
        verdict="too few" if best >= alpha else "drift" if drifted else "no drift",
        effect=effect,
        distance=observed**0.5,
        p=p,
        width=width,
        unit="match" if by_match else "row",
        units=stratum.current if by_match else len(ours),
        reference_units=stratum.reference if by_match else len(theirs),
        smallest_p=best,
    )


def _embeddings(rows: ArrayLike, side: str) -> Floats:
    array = np.asarray(rows, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise DriftInputError([f"{side}: expected embeddings (N, D), got shape {array.shape}"])
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise DriftInputError(
            [
                f"{side}: {int(bad.sum())} rows are not finite, the first is row {int(bad.argmax())}; "
                "leave them out"
            ]
        )
    return array


def _matches(
    matches: ArrayLike | None, reference_matches: ArrayLike | None, rows: int, reference_rows: int
) -> tuple[Stratum, Ints, Ints]:
    if matches is None or reference_matches is None:
        raise DriftInputError(["give the match of each row of both sides, or of none"])
    ours, unit = np.unique(match_names(matches, rows, "current"), return_inverse=True)
    theirs, other = np.unique(
        match_names(reference_matches, reference_rows, "reference"), return_inverse=True
    )
    both = np.intersect1d(ours, theirs)
    if len(both):
        raise DriftInputError([f"match {str(both[0])!r} is on both sides ({len(both)} are)"])
    return Stratum(len(ours), len(theirs)), unit.astype(np.int64), other.astype(np.int64)


def _some(rows: Floats, rng: np.random.Generator) -> Floats:
    return rows[np.sort(rng.permutation(len(rows))[:_ROWS_FOR_WIDTH])]


def _median_distance(rows: Floats) -> float:
    square = (rows**2).sum(axis=1)
    squares = square[:, None] + square - 2 * rows @ rows.T
    return float(np.sqrt(np.median(np.maximum(squares[np.triu_indices(len(rows), 1)], 0))))


def _mean_features(rows: Floats, unit: Ints, num_units: int, directions: Floats, phases: Floats) -> Floats:
    """Return the mean Fourier features (num_units, K); rows beyond the last unit are left out."""
    sums = np.zeros((num_units + 1, len(phases)))
    for at in range(0, len(rows), _BLOCK_ROWS):
        block = np.cos(rows[at : at + _BLOCK_ROWS] @ directions + phases)
        np.add.at(sums, unit[at : at + _BLOCK_ROWS], block)
    counts = np.bincount(unit, minlength=num_units + 1)[:num_units]
    means: Floats = np.sqrt(2 / len(phases)) * sums[:num_units] / counts[:, None]
    return means


def _squared_distances(splits: NDArray[np.bool_], means: Floats, stratum: Stratum) -> Floats:
    ours = splits.astype(np.float64) @ means
    # mean of the current units minus mean of the others
    ours *= 1 / stratum.current + 1 / stratum.reference
    ours -= means.sum(axis=0) / stratum.reference
    squares: Floats = np.einsum("ij,ij->i", ours, ours)
    return squares
