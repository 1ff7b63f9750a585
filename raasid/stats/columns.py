"""Tables of features as typed columns, with everything that is wrong with them said at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raasid.errors import DataError

Kind = Literal["numeric", "categorical"]
Table = NDArray[Any] | Mapping[str, ArrayLike]
"""(N, F) numbers, or columns (N,) by name; NaN or None: missing."""


class DriftInputError(DataError):
    """Arrays that cannot be compared; `problems` has one line for each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The values of one feature that are present, and where they are.

    values: (V,) float64 if numeric, text if categorical. present: (N,) which rows have one.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    present: NDArray[np.bool_]

    @property
    def is_empty(self) -> bool:
        """Whether no row has a value."""
        return not len(self.values)


def columns(
    table: Table, side: str, names: Sequence[str] | None = None, categorical: Collection[str] = ()
) -> list[Column]:
    """Split a table into columns, in its order.

    side: what the table is called in errors. names: of the columns of an array; otherwise "0", "1", ….
    categorical: names of columns whose numbers are codes; text and bool are categorical anyway.
    Raises DriftInputError.
    """
    arrays = _named_arrays(table, side, names)
    lengths = {name: len(array) for name, array in arrays.items()}
    problems = [
        f"categorical: no feature {name!r} in {side}; it has {', '.join(arrays)}"
        for name in categorical
        if name not in arrays
    ]
    if len(set(lengths.values())) > 1:
        sizes = ", ".join(f"{name} {length}" for name, length in lengths.items())
        problems.append(f"{side}: columns differ in length: {sizes}")
    elif not any(lengths.values()):
        problems.append(f"{side}: no rows; give at least one")
    made = []
    for name, array in arrays.items():
        try:
            made.append(_column(name, array, name in categorical))
        except DriftInputError as error:
            problems += [f"{side}: {problem}" for problem in error.problems]
    if problems:
        raise DriftInputError(problems)
    return made


def match_names(matches: ArrayLike, rows: int, side: str) -> NDArray[np.str_]:
    """Return the match of each row as text. Raises DriftInputError."""
    found = np.asarray(matches)
    if found.shape != (rows,):
        raise DriftInputError([f"{side}: {rows} rows, but matches of shape {found.shape}; give one a row"])
    return found.astype(np.str_)


def _named_arrays(table: Table, side: str, names: Sequence[str] | None) -> dict[str, NDArray[Any]]:
    if isinstance(table, Mapping):
        arrays = {str(name): np.asarray(column) for name, column in table.items()}
        wrong = [
            f"{side}: column {name!r} has shape {a.shape}, expected (N,)"
            for name, a in arrays.items()
            if a.ndim != 1
        ]
        if wrong or not arrays:
            raise DriftInputError(wrong or [f"{side}: no features"])
        return arrays
    array = np.asarray(table)
    if array.ndim != 2 or not array.shape[1]:
        raise DriftInputError(
            [f"{side}: expected an array (N, F) or columns by name, got shape {array.shape}"]
        )
    labels = [str(k) for k in range(array.shape[1])] if names is None else [str(name) for name in names]
    if len(labels) != array.shape[1] or len(set(labels)) != len(labels):
        raise DriftInputError(
            [
                f"feature_names: {len(labels)} names, {len(set(labels))} of them distinct, "
                f"for {array.shape[1]} columns of {side}"
            ]
        )
    return {name: array[:, k] for k, name in enumerate(labels)}


def _column(name: str, array: NDArray[Any], codes: bool) -> Column:
    if array.dtype.kind == "O" and all(_is_missing(x) or _is_number(x) for x in array.tolist()):
        array = np.array([np.nan if _is_missing(x) else x for x in array.tolist()], dtype=np.float64)
    if array.dtype.kind in "OUS":
        found = [None if _is_missing(value) else str(value) for value in array.tolist()]
        present = np.array([value is not None for value in found], dtype=bool)
        return Column(
            name, "categorical", np.array([v for v in found if v is not None], dtype=np.str_), present
        )
    if array.dtype.kind == "b":
        return Column(name, "categorical", np.where(array, "true", "false"), np.ones(len(array), dtype=bool))
    if array.dtype.kind not in "iuf":
        raise DriftInputError(
            [f"feature {name!r}: values of type {array.dtype}; expected numbers, text or bool"]
        )
    numbers = array.astype(np.float64, copy=False)
    infinite = np.isinf(numbers)
    if infinite.any():
        raise DriftInputError(
            [
                f"feature {name!r}: {int(infinite.sum())} infinite values, "
                f"the first in row {int(infinite.argmax())}; use NaN for missing"
            ]
        )
    present = ~np.isnan(numbers)
    values = numbers if present.all() else numbers[present]
    if not codes:
        return Column(name, "numeric", values, present)
    levels, level = np.unique(values, return_inverse=True)
    return Column(name, "categorical", np.array([f"{v:.17g}" for v in levels], dtype=np.str_)[level], present)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))
