"""The profile of a reference: per match, how many of its rows fall into each quantile bin of each feature.

It is stored with a registered version, and is enough for `raasid.stats.drift.detect`: a check needs neither
the training data nor a model. 50 features of 70 matches take about half a megabyte of JSON. The same rows
give the same bytes, in whatever order they come.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raasid.errors import DataError
from raasid.stats.columns import Column, Kind, Table, columns, match_names

Floats = NDArray[np.float64]

NUM_BINS = 64
_TAILS = (1 / 512, 1 / 256, 1 / 128)
"""Further quantiles at either end, where bins of equal counts are wide."""
_GAP = 0.05
"""Standard deviations without any value of the reference that make a bin of their own."""
_WIDE_GAP = 0.25
_MOST_WIDE_GAPS = 16
"""Gaps so wide, in standard deviations, also end a bin: between two peaks, or before an outlier."""
_OUTSIDE = 0.25 * 2.0 ** np.arange(9)
"""Further edges outside the reference's range: 0.25, 0.5, … 64 of its standard deviations away."""
_GRID = 16_384
_MOST_EDGES_PER_CELL = 4
_SMALL = 2000


@dataclass(frozen=True, slots=True, eq=False)
class QuantileBins:
    """Bins (edges[k-1], edges[k]] of a reference's values; equal values share a bin.

    edges: (K,) values of the reference, the last one its maximum; K is 70, less if values repeat, and up to
    16 more if they have gaps.
    lows, means: (K,) least value and mean of the values in each bin. std: standard deviation of all.
    """

    edges: Floats
    lows: Floats
    means: Floats
    std: float

    @classmethod
    def of(cls, values: Floats, num_bins: int = NUM_BINS) -> QuantileBins:
        """Return the bins of values (V,); without values there are none.

        Values are sorted first, so that their order changes nothing, not even the last digit of a sum.
        """
        if not len(values):
            return cls(np.zeros(0), np.zeros(0), np.zeros(0), 0.0)
        ordered = np.sort(values) + 0.0  # -0.0 is 0.0
        levels = np.array([*_TAILS, *np.arange(1, num_bins + 1) / num_bins, *(1 - q for q in _TAILS)])
        ranks = np.ceil(levels * len(ordered)).astype(np.int64) - 1
        std = 0.0 if ordered[0] == ordered[-1] else float(ordered.std())
        edges = np.unique(np.concatenate([ordered[ranks], _before_wide_gaps(ordered, std)]))
        ends = np.searchsorted(ordered, edges, side="right")
        starts = np.concatenate([[0], ends[:-1]])
        # the mean of equal values must not leave their bin by rounding
        means = np.clip(np.add.reduceat(ordered, starts) / (ends - starts), ordered[starts], edges)
        return cls(edges, ordered[starts], means, std)

    def codes(self, values: Floats) -> Ints:
        """Return the bin of each of the reference's values, 0 … K - 1."""
        return bin_codes(self.edges, values)

    def wide_edges(self) -> tuple[Floats, Ints]:
        """Return edges for other values than the reference's, and where its bins are among these bins (K,).

        Outside of the reference's range, and in gaps where it has no value, there are further bins.
        """
        if not len(self.edges):
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        step = (self.std or max(abs(self.edges[0]), 1.0)) * _OUTSIDE
        below = self.lows[0] - step[::-1]
        before_bin = np.nextafter(self.lows, -np.inf)
        gaps = np.append(True, self.lows[1:] - self.edges[:-1] > _GAP * self.std)
        edges = np.sort(np.concatenate([below, before_bin[gaps], self.edges, self.edges[-1] + step]))
        return edges, np.searchsorted(edges, self.edges)


def _before_wide_gaps(ordered: Floats, std: float) -> Floats:
    """Return the values before the widest gaps, so that no bin reaches across one."""
    gaps = np.diff(ordered)
    (wide,) = np.nonzero(gaps > _WIDE_GAP * std)
    return ordered[wide[np.argsort(-gaps[wide], kind="stable")[:_MOST_WIDE_GAPS]]]


def bin_codes(edges: Floats, values: Floats) -> Ints:
    """Return how many of the increasing edges (K,) each value (V,) exceeds: `numpy.searchsorted`, but faster.

    A grid of equal cells says how many edges lie in the cells before; the few of the same cell are compared.
    """
    if len(values) < _SMALL or len(edges) < 2 or not edges[0] < edges[-1]:
        return np.searchsorted(edges, values)
    scale = (_GRID - 1) / (edges[-1] - edges[0])
    if not np.isfinite(scale):
        return np.searchsorted(edges, values)
    cell_of_edge = ((edges - edges[0]) * scale).astype(np.int64)
    most = int(np.bincount(cell_of_edge).max())
    if most > _MOST_EDGES_PER_CELL:
        return np.searchsorted(edges, values)
    before = np.searchsorted(cell_of_edge, np.arange(_GRID))
    position = values - edges[0]
    position *= scale
    codes: Ints = before[np.clip(position, 0, _GRID - 1, out=position).astype(np.int64)]
    padded = np.append(edges, np.inf)
    for _ in range(most):
        codes += values > padded[codes]
    return codes


Ints = NDArray[np.int64]
Counts = NDArray[np.int32]
FORMAT = 1


class ProfileUnusableError(DataError):
    """A stored profile is damaged, or was written by another version of the format."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"match profile: {reason}; write it again from the reference's rows")


@dataclass(frozen=True, slots=True, eq=False)
class FeatureProfile:
    """One feature of the reference.

    counts: (U, K) rows of each match in each bin or level. missing: (U,) rows without a value.
    bins: of a numeric feature. levels: (K,) the values of a categorical one, sorted.
    """

    name: str
    kind: Kind
    counts: Counts
    missing: NDArray[np.integer]
    bins: QuantileBins | None = None
    levels: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no row has a value."""
        return not self.counts.any()

    @classmethod
    def of(cls, column: Column, unit: Ints, num_units: int) -> FeatureProfile:
        """Count a column by unit. unit: (N,) the unit of each row, 0 … num_units - 1."""
        here = unit if column.present.all() else unit[column.present]
        missing = np.bincount(unit[~column.present], minlength=num_units)
        if column.kind == "numeric":
            bins = QuantileBins.of(column.values)
            counts = count_by_unit(here, bins.codes(column.values), num_units, len(bins.edges))
            return cls(column.name, "numeric", counts, missing, bins)
        levels, codes = np.unique(column.values, return_inverse=True)
        counts = count_by_unit(here, codes, num_units, len(levels))
        return cls(column.name, "categorical", counts, missing, levels=tuple(levels.tolist()))


@dataclass(frozen=True, slots=True, eq=False)
class MatchProfile:
    """Features of a reference, counted by match. matches: (U,) sorted names."""

    matches: tuple[str, ...]
    features: tuple[FeatureProfile, ...]

    @classmethod
    def of(
        cls,
        reference: Table,
        matches: ArrayLike,
        *,
        feature_names: Sequence[str] | None = None,
        categorical: Collection[str] = (),
    ) -> MatchProfile:
        """Count the rows of a reference. matches: (N,) the match of each row. Raises DriftInputError."""
        table = columns(reference, "reference", feature_names, categorical)
        rows = len(table[0].present)
        names, unit = np.unique(match_names(matches, rows, "reference"), return_inverse=True)
        features = (FeatureProfile.of(column, unit.astype(np.int64), len(names)) for column in table)
        return cls(tuple(names.tolist()), tuple(features))

    def to_json(self) -> str:
        """Return canonical JSON: the same reference, the same bytes."""
        document = {
            "format": FORMAT,
            "matches": list(self.matches),
            "features": [_feature_document(feature) for feature in self.features],
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> MatchProfile:
        """Read what `to_json` wrote. Raises ProfileUnusableError."""
        try:
            document = json.loads(text)
            if document["format"] != FORMAT:
                raise ProfileUnusableError(f"format {document['format']!r}, but this program reads {FORMAT}")
            matches = tuple(_texts(document["matches"]))
            features = tuple(_read_feature(entry, len(matches)) for entry in document["features"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
            raise ProfileUnusableError(f"{type(error).__name__}: {error}") from error
        if not features or len({feature.name for feature in features}) < len(features):
            raise ProfileUnusableError("no features, or two of one name")
        if not matches or list(matches) != sorted(set(matches)):
            raise ProfileUnusableError("no matches, or not sorted")
        return cls(matches, features)


def count_by_unit(unit: Ints, code: Ints, num_units: int, num_codes: int) -> Counts:
    """Return counts (num_units, num_codes) of rows with a unit and a code each."""
    cell = unit * num_codes
    cell += code
    counts = np.bincount(cell, minlength=num_units * num_codes).astype(np.int32)
    return counts.reshape(num_units, num_codes)


def _feature_document(feature: FeatureProfile) -> dict[str, Any]:
    shared = {
        "name": feature.name,
        "kind": feature.kind,
        "counts": feature.counts.tolist(),
        "missing": feature.missing.tolist(),
    }
    if feature.bins is None:
        return shared | {"levels": list(feature.levels)}
    bins = feature.bins
    return shared | {
        "edges": bins.edges.tolist(),
        "means": bins.means.tolist(),
        "lows": bins.lows.tolist(),
        "std": bins.std,
    }


def _read_feature(entry: dict[str, Any], num_matches: int) -> FeatureProfile:
    missing = _counts(entry["missing"], (num_matches,))
    (name,) = _texts([entry["name"]])
    if entry["kind"] == "categorical":
        levels = tuple(_texts(entry["levels"]))
        if list(levels) != sorted(set(levels)):
            raise ValueError(f"levels of {name!r} are not sorted")
        counts = _counts(entry["counts"], (num_matches, len(levels)))
        return FeatureProfile(name, "categorical", counts, missing, levels=levels)
    if entry["kind"] != "numeric":
        raise ValueError(f"feature {name!r} is of an unknown kind {entry['kind']!r}")
    edges, lows, means = (np.array(entry[key], dtype=np.float64) for key in ("edges", "lows", "means"))
    std = float(entry["std"])
    if edges.ndim != 1 or not edges.shape == lows.shape == means.shape:
        raise ValueError(f"bins of {name!r} are not numbers of one length")
    if not np.isfinite([*edges, *lows, *means, std]).all() or std < 0:
        raise ValueError(f"bins of {name!r} are not finite")
    if (lows > means).any() or (means > edges).any() or (lows[1:] <= edges[:-1]).any():
        raise ValueError(f"bins of {name!r} are not in order")
    counts = _counts(entry["counts"], (num_matches, len(edges)))
    return FeatureProfile(name, "numeric", counts, missing, QuantileBins(edges, lows, means, std))


def _counts(entry: object, shape: tuple[int, ...]) -> Counts:
    counts = np.array(entry)
    if math.prod(shape) == 0:
        return np.zeros(shape, dtype=np.int32)
    if counts.dtype.kind != "i" or counts.shape != shape or counts.min() < 0 or counts.max() >= 2**31:
        raise ValueError(f"expected counts of shape {shape}, got {counts.dtype} of shape {counts.shape}")
    return counts.astype(np.int32)


def _texts(entry: list[object]) -> list[str]:
    texts = [value for value in entry if isinstance(value, str)]
    if len(texts) != len(entry):
        raise ValueError("expected text")
    return texts
