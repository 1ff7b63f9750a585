"""The embeddings of a reference as a version keeps them: enough to test for drift and for novelty later.

Per match the mean Fourier features of its embeddings, as `raasid.stats.embedding_drift` compares them; and a
sample of the embeddings, among which the nearest one is looked for. The kernel's width is the reference's and
its directions follow from a fixed seed, so that both sides are measured alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raasid.stats.columns import DriftInputError, match_names
from raasid.stats.drift import ALPHA, PERMUTATIONS, check_options
from raasid.stats.drift_report import DriftReport, FeatureDrift, Verdict, can_pass
from raasid.stats.embedding_drift import MIN_EFFECT, GaussianKernel, check_embeddings, compare_means
from raasid.stats.match_profile import ProfileUnusableError
from raasid.stats.splits import Stratum, smallest_p

Value = TypeVar("Value")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAME = "embedding"
"""Of the feature, and of what is compared."""
NUM_FEATURES = 128
MAX_SAMPLE = 512
"""Embeddings that are kept, of all matches together."""
_SEED = 20_070_101
_DIGITS = 4
"""Significant digits of what is kept and found: the last ones of an embedding depend on the machine."""
_BARS = 32
_MOST_MORE = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Embeddings in a fixed order. rows: (N, D). matches, clips: (N,) where each comes from."""

    rows: Floats
    matches: NDArray[np.str_]
    clips: NDArray[np.str_]

    @classmethod
    def of(cls, rows: ArrayLike, matches: ArrayLike, clips: ArrayLike, side: str = "current") -> Self:
        """Check arrays and take them. Raises DriftInputError."""
        checked = check_embeddings(rows, side)
        return cls(checked, match_names(matches, len(checked), side), match_names(clips, len(checked), side))

    def without(self, matches: Collection[str]) -> Embeddings:
        """Return the embeddings of other matches."""
        kept = ~np.isin(self.matches, list(matches))
        return Embeddings(self.rows[kept], self.matches[kept], self.clips[kept])


@dataclass(frozen=True, slots=True, eq=False)
class ClipDistances:
    """How far each clip is from what is known, on average over its embeddings.

    clips: (C,) names, of which one may occur in several matches. matches: (C,). distance: (C,).
    """

    clips: tuple[str, ...]
    matches: tuple[str, ...]
    distance: Floats

    @classmethod
    def of(cls, found: Embeddings, distance: Floats) -> Self:
        """Average the distances (N,) of embeddings over each clip."""
        keys, index = np.unique(np.stack([found.matches, found.clips]), axis=1, return_inverse=True)
        mean = np.bincount(index.ravel(), weights=distance) / np.bincount(index.ravel())
        return cls(tuple(keys[1].tolist()), tuple(keys[0].tolist()), _rounded(mean))

    def clips_per_match(self) -> float:
        """Return the median number of clips of a match."""
        return float(np.median(list(Counter(self.matches).values())))

    def by_match(self, most_clips: int) -> dict[str, float]:
        """Return the mean over at most so many clips of each match.

        Both sides are to be thinned alike: the mean of more clips varies less.
        """
        found: dict[str, list[float]] = defaultdict(list)
        for match, distance in zip(self.matches, self.distance.tolist(), strict=True):
            found[match].append(distance)
        return {match: float(np.mean(spread(own, most_clips))) for match, own in sorted(found.items())}


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingProfile:
    """What is kept of the embeddings of a reference.

    matches: (U,) sorted names. means: (U, K) mean Fourier features. sample: (S, D), at most 512.
    known: the distance of each clip from the nearest sample of another match. rows: how many there were.
    """

    matches: tuple[str, ...]
    means: Floats
    kernel: GaussianKernel
    sample: Floats
    known: ClipDistances
    rows: int

    @classmethod
    def of(cls, reference: Embeddings) -> Self:
        """Describe the embeddings of a reference. Raises DriftInputError for less than two matches."""
        names, unit = np.unique(reference.matches, return_inverse=True)
        if len(names) < 2:
            raise DriftInputError([f"embeddings of {len(names)} match; the reference needs two at least"])
        chosen = _sample(unit, len(names))
        sample = _rounded(reference.rows[chosen])
        width = float(_rounded(np.array(GaussianKernel.of(sample, 1, _rng()).width)))
        kernel = GaussianKernel.drawn(width, sample.shape[1], NUM_FEATURES, _rng())
        squares = _squared_distances(reference.rows, sample)
        squares[unit[:, None] == unit[chosen]] = np.inf
        return cls(
            tuple(names.tolist()),
            _rounded(kernel.mean_features(reference.rows, unit, len(names))),
            kernel,
            sample,
            ClipDistances.of(reference, np.sqrt(squares.min(axis=1))),
            len(reference.rows),
        )

    def distances(self, current: Embeddings) -> ClipDistances:
        """Return how far current clips are from the nearest sample. Raises DriftInputError."""
        self._check(current)
        return ClipDistances.of(current, np.sqrt(_squared_distances(current.rows, self.sample).min(axis=1)))

    def compare(
        self,
        current: Embeddings,
        *,
        seed: int = 0,
        permutations: int = PERMUTATIONS,
        alpha: float = ALPHA,
        min_effect: float = MIN_EFFECT,
    ) -> DriftReport:
        """Test current embeddings by permuting matches; the report has one feature, `embedding`.

        Its effect is the maximum mean discrepancy of `embedding_drift`; its distributions are those of the
        clips' distances from what is known. Raises DriftInputError.
        """
        check_options(permutations, alpha, min_effect)
        self._check(current)
        names, unit = np.unique(current.matches, return_inverse=True)
        stratum = Stratum(len(names), len(self.matches))
        ours = self.kernel.mean_features(current.rows, unit, len(names))
        found = compare_means(np.concatenate([ours, self.means]), stratum, permutations, seed)
        more = 0
        while more < _MOST_MORE and not can_pass(
            [Stratum(len(names) + more, len(self.matches))], permutations, 1, alpha
        ):
            more += 1
        verdict: Verdict = "too few"
        if not more:
            passed = found.p < alpha * (1 - 1e-9) and found.effect >= min_effect
            verdict = "drift" if passed else "no drift"
        effect, distance = (float(x) for x in _rounded(np.array([found.effect, found.distance])))
        points, shares = _histograms(self.distances(current).distance, self.known.distance)
        feature = FeatureDrift(
            name=NAME,
            kind="numeric",
            effect=effect,
            distance=distance,
            p=found.p,
            adjusted_p=found.p,
            verdict=verdict,
            rows=len(current.rows),
            reference_rows=self.rows,
            points=points,
            shares=shares[0],
            reference_shares=shares[1],
        )
        return DriftReport(
            verdict=verdict,
            features=(feature,),
            unit="match",
            units=len(names),
            reference_units=len(self.matches),
            rows=len(current.rows),
            reference_rows=self.rows,
            alpha=alpha,
            min_effect=min_effect,
            permutations=permutations,
            smallest_p=smallest_p([stratum], permutations),
            more_units_needed=more,
        )

    def to_document(self) -> dict[str, Any]:
        """Return plain values for JSON; the same embeddings give the same ones."""
        return {
            "matches": list(self.matches),
            "means": self.means.tolist(),
            "width": self.kernel.width,
            "first_phases": _first_phases(self.kernel),
            "sample": self.sample.tolist(),
            "known": {
                "clips": list(self.known.clips),
                "matches": list(self.known.matches),
                "distance": self.known.distance.tolist(),
            },
            "rows": self.rows,
        }

    @classmethod
    def from_document(cls, tree: Mapping[str, Any]) -> Self:
        """Read what `to_document` returned. Raises ProfileUnusableError."""
        try:
            means, sample = (np.array(tree[name], dtype=np.float64) for name in ("means", "sample"))
            known = tree["known"]
            distances = ClipDistances(
                tuple(map(str, known["clips"])),
                tuple(map(str, known["matches"])),
                np.array(known["distance"], dtype=np.float64),
            )
            matches = tuple(map(str, tree["matches"]))
            clips = len(distances.clips)
            if sample.ndim != 2 or means.shape != (len(matches), NUM_FEATURES) or len(matches) < 2:
                raise ValueError(f"embeddings of shapes {means.shape} and {sample.shape}")
            if not clips or len(distances.matches) != clips or distances.distance.shape != (clips,):
                raise ValueError("clips and their distances differ in number")
            kernel = GaussianKernel.drawn(float(tree["width"]), sample.shape[1], NUM_FEATURES, _rng())
            if _first_phases(kernel) != tree["first_phases"]:
                raise ValueError("another version of numpy drew other directions")
            return cls(matches, means, kernel, sample, distances, int(tree["rows"]))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ProfileUnusableError(f"{NAME}: {type(error).__name__}: {error}") from error

    def _check(self, current: Embeddings) -> None:
        problems = []
        if current.rows.shape[1] != self.sample.shape[1]:
            problems.append(
                f"current has {current.rows.shape[1]} dimensions, the reference {self.sample.shape[1]}"
            )
        if both := sorted({*current.matches.tolist()} & {*self.matches}):
            problems.append(f"match {both[0]!r} is on both sides ({len(both)} are); leave it out of one")
        if problems:
            raise DriftInputError(problems)


def spread(values: Sequence[Value], most: int) -> list[Value]:
    """Return at most so many values, at equal distances over all of them."""
    if len(values) <= most:
        return list(values)
    return [values[(2 * k + 1) * len(values) // (2 * most)] for k in range(most)]


def _rng() -> np.random.Generator:
    return np.random.default_rng(_SEED)


def _first_phases(kernel: GaussianKernel) -> list[float]:
    return [float(value) for value in _rounded(kernel.phases[:4])]


def _sample(unit: Ints, num_units: int) -> Ints:
    """Choose equally many rows of each unit, spread over it; of more units than rows, some units."""
    units = np.arange(num_units)
    if num_units > MAX_SAMPLE:
        units = np.sort(_rng().permutation(num_units)[:MAX_SAMPLE])
    own = [np.flatnonzero(unit == k) for k in units]
    return np.concatenate([spread(rows.tolist(), MAX_SAMPLE // len(units)) for rows in own])


def _squared_distances(rows: Floats, sample: Floats) -> Floats:
    """(N, D), (S, D) -> (N, S)."""
    squares: Floats = (rows**2).sum(axis=1)[:, None] + (sample**2).sum(axis=1) - 2 * rows @ sample.T
    return np.maximum(squares, 0.0, out=squares)


def _histograms(
    current: Floats, known: Floats
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], tuple[float, ...]]]:
    """Return the middles of equal bins, and the shares of both sides in them."""
    together = np.concatenate([current, known])
    edges = np.histogram_bin_edges(together, _BARS)
    points = (edges[1:] + edges[:-1]) / 2
    sides = [np.histogram(side, edges)[0] / len(side) for side in (current, known)]
    return tuple(points.tolist()), (tuple(sides[0].tolist()), tuple(sides[1].tolist()))


def _rounded(values: Floats) -> Floats:
    """Round to significant digits."""
    with np.errstate(divide="ignore"):
        digits = _DIGITS - 1 - np.floor(np.log10(np.abs(values)))
    scale = 10.0 ** np.where(np.isfinite(digits), digits, 0.0)
    return np.asarray(np.round(values * scale) / scale, dtype=np.float64)
