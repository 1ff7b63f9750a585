"""A table of features by name with the match of each row: what the two sides of a drift check are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from raasid.stats.columns import Column, columns
from raasid.stats.match_profile import FeatureProfile, MatchProfile

Feature = float | str | bool | None
"""A number, a category, or unknown."""
Row = Mapping[str, Feature]
_DECIMALS = 4


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """N rows of features. matches: (N,) the match of each row. columns: name -> (N,) values."""

    matches: tuple[str, ...] = ()
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Row]], rows_per_match: int | None = None) -> Self:
        """Make a table from pairs of a match and a row; a feature that a row lacks is unknown there.

        A feature without any value is left out. Numbers are rounded to 4 decimals: for shares, probabilities
        and the like smaller differences mean nothing, and the last digits depend on the machine.
        rows_per_match: the most that are kept of a match, spread over it; None: all.
        """
        pairs = list(rows)
        if rows_per_match is not None:
            pairs = [pairs[k] for k in spread_by_match([match for match, _ in pairs], rows_per_match)]
        names = sorted({name for _, row in pairs for name in row})
        found = {
            name: np.array([_rounded(row.get(name)) for _, row in pairs], dtype=object) for name in names
        }
        known = {name: column for name, column in found.items() if not _column(name, column).is_empty}
        return cls(tuple(match for match, _ in pairs), known)

    def __len__(self) -> int:
        return len(self.matches)

    def without(self, matches: Collection[str]) -> FeatureTable:
        """Return the rows of other matches."""
        kept = np.array([match not in matches for match in self.matches], dtype=bool)
        names = tuple(match for match, keep in zip(self.matches, kept, strict=True) if keep)
        return FeatureTable(names, {name: column[kept] for name, column in self.columns.items()})

    def profile(self) -> MatchProfile | None:
        """Return the counts by match that a version keeps; None without rows or features."""
        return MatchProfile.of(self.columns, self.matches) if self.matches and self.columns else None

    def compared_with(self, reference: MatchProfile) -> tuple[FeatureTable, MatchProfile]:
        """Return both sides with the features that can be compared.

        These are the features of both sides: an earlier program measured others. Categories, such as those
        that tags name, are compared only if every row of both sides has one: footage without tags is no
        drift. A feature with one and the same value everywhere is left out: it would count as a test.
        """
        there = {feature.name: feature for feature in reference.features}
        names = [
            name
            for name, values in self.columns.items()
            if (other := there.get(name)) is not None and _is_comparable(_column(name, values), other)
        ]
        ours = FeatureTable(self.matches, {name: self.columns[name] for name in names})
        return ours, MatchProfile(reference.matches, tuple(there[name] for name in names))


def _rounded(value: Feature) -> Feature:
    return round(value, _DECIMALS) if isinstance(value, float) else value


def _is_comparable(column: Column, other: FeatureProfile) -> bool:
    is_complete = column.present.all() and not other.missing.any()
    if not is_complete:
        return column.kind == other.kind == "numeric"
    if column.kind != other.kind:
        return False
    points = other.levels if other.bins is None else tuple(other.bins.edges)
    return len(points) != 1 or set(column.values.tolist()) != set(points)


def spread_by_match(matches: Sequence[str], most: int) -> list[int]:
    """Return the positions of at most so many rows of each match, at equal distances over its rows.

    Both sides of a check are thinned alike: a match with more rows than others varies less than they do,
    which a permutation of matches would take for a difference.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for position, match in enumerate(matches):
        rows[match].append(position)
    chosen = (
        own if len(own) <= most else [own[(2 * k + 1) * len(own) // (2 * most)] for k in range(most)]
        for own in rows.values()
    )
    return sorted(position for own in chosen for position in own)


def _column(name: str, values: NDArray[Any]) -> Column:
    (column,) = columns({name: values}, "table")
    return column
