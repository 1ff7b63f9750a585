"""Drift of embeddings: maximum mean discrepancy (MMD) with a Gaussian kernel, tested by permuting matches.

The kernel is approximated by random Fourier features, whose mean describes a distribution: two of them
differ as far as their means do. Means of matches are averaged to means of sides, so that a permutation of
matches is one row of a matrix product.
Sources: Rahimi and Recht 2007; Gretton et al., A kernel two-sample test, 2012; the median heuristic for the
kernel's width, Garreau et al. 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

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
_SMALL = 1e-9


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


@dataclass(frozen=True, slots=True, eq=False)
class GaussianKernel:
    """Random Fourier features of a Gaussian kernel. directions: (D, K), divided by width. phases: (K,)."""

    width: float
    directions: Floats
    phases: Floats

    @classmethod
    def of(cls, rows: Floats, num_features: int, rng: np.random.Generator) -> GaussianKernel:
        """Return a kernel as wide as the median distance of rows (N, D)."""
        return cls.drawn(_median_distance(rows), rows.shape[1], num_features, rng)

    @classmethod
    def drawn(
        cls, width: float, dimensions: int, num_features: int, rng: np.random.Generator
    ) -> GaussianKernel:
        """Draw the features of a kernel of a given width."""
        # a width of 0: most rows are equal, and any scale tells them from the others
        directions = rng.normal(size=(dimensions, num_features)) / (width or 1.0)
        return cls(width, directions, rng.uniform(0, 2 * np.pi, num_features))

    def mean_features(self, rows: Floats, unit: Ints, num_units: int) -> Floats:
        """Return the mean features (num_units, K) of rows (N, D); rows beyond the last unit are left out."""
        sums = np.zeros((num_units + 1, len(self.phases)))
        for at in range(0, len(rows), _BLOCK_ROWS):
            block = np.cos(rows[at : at + _BLOCK_ROWS] @ self.directions + self.phases)
            np.add.at(sums, unit[at : at + _BLOCK_ROWS], block)
        counts = np.bincount(unit, minlength=num_units + 1)[:num_units]
        means: Floats = np.sqrt(2 / len(self.phases)) * sums[:num_units] / counts[:, None]
        return means


class MeanComparison(NamedTuple):
    """MMD of the observed split, and what it is worth."""

    effect: float
    distance: float
    p: float


def compare_means(means: Floats, stratum: Stratum, permutations: int, seed: int) -> MeanComparison:
    """Compare the mean Fourier features (U, K) of the current units, which come first, with the others'.

    Units of few rows vary more than others. If one side has more of these, exchanging units would take that
    for a difference: what is compared under exchange is therefore the difference in multiples of its own
    variance (Janssen 1997; Chung and Romano, Exact and asymptotically robust permutation tests, 2013).
    """
    splits = draw_splits([stratum], permutations, seed).astype(np.float64)
    n, m = stratum.current, stratum.reference
    ours = splits @ means
    lengths = (means**2).sum(axis=1)
    spread_ours = splits @ lengths - np.einsum("ij,ij->i", ours, ours) / n
    theirs = means.sum(axis=0) - ours
    spread_theirs = lengths.sum() - splits @ lengths - np.einsum("ij,ij->i", theirs, theirs) / m
    difference = ours / n - theirs / m
    squares = np.einsum("ij,ij->i", difference, difference)
    if n > 1 and m > 1:
        chance = np.maximum(spread_ours, 0.0) / (n * (n - 1)) + np.maximum(spread_theirs, 0.0) / (m * (m - 1))
        statistic = squares / np.maximum(chance, _SMALL * max(float(lengths.mean()), _SMALL))
        bias = float(chance[0])
    else:
        statistic, bias = squares, float(squares[1:].mean()) if len(squares) > 1 else 0.0
    p = float((1 + (statistic[1:] >= statistic[0] * (1 - _TIE)).sum()) / len(statistic))
    return MeanComparison(max(0.0, float(squares[0]) - bias) ** 0.5, float(squares[0]) ** 0.5, p)


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
    ours, theirs = check_embeddings(current, "current"), check_embeddings(reference, "reference")
    if ours.shape[1] != theirs.shape[1]:
        raise DriftInputError([f"current has {ours.shape[1]} dimensions, the reference {theirs.shape[1]}"])
    rng = np.random.default_rng([seed, 1])
    if matches is None and reference_matches is None:
        stratum, unit, other_unit = deal_rows(len(ours), len(theirs), rng)
    else:
        stratum, unit, other_unit = _matches(matches, reference_matches, len(ours), len(theirs))
    kernel = GaussianKernel.of(np.concatenate([_some(ours, rng), _some(theirs, rng)]), num_features, rng)
    means = np.concatenate(
        [
            kernel.mean_features(ours, unit, stratum.current),
            kernel.mean_features(theirs, other_unit, stratum.reference),
        ]
    )
    found = compare_means(means, stratum, permutations, seed)
    best = smallest_p([stratum], permutations)
    drifted = found.p < alpha and found.effect >= min_effect
    by_match = matches is not None
    return EmbeddingDrift(
        verdict="too few" if best >= alpha else "drift" if drifted else "no drift",
        effect=found.effect,
        distance=found.distance,
        p=found.p,
        width=kernel.width,
        unit="match" if by_match else "row",
        units=stratum.current if by_match else len(ours),
        reference_units=stratum.reference if by_match else len(theirs),
        smallest_p=best,
    )


def check_embeddings(rows: ArrayLike, side: str) -> Floats:
    """Return embeddings (N, D) as numbers. Raises DriftInputError for another shape, NaN or infinity."""
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
