"""A CSV table of somebody else's, read row by row in constant memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from raasid.errors import DataError
from raasid.footage.formats.parsing.values import short_repr

MAX_LINE_BYTES = 65_536
"""Bytes; a longer one is no row of an annotation table."""
_DELIMITERS = (",", ";", "\t")


class TableUnreadable(DataError):
    """A table that is missing, or whose header lacks what is needed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        """`what: value seen`, as `LeftOut.reason` wants it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the names that exporters give it; upper and lower case, blanks and signs do not count."""

    names: tuple[str, ...]
    optional: bool = False
    """Its cells are empty text where the table has no such column."""


def read_table(
    path: Path, columns: Sequence[Column], bad: Callable[[int, str], None]
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1, the cells of `columns` in their order) for each row that is not empty.

    Separated by comma, semicolon or tab, whichever the header is. `bad` hears of rows that are left out:
    line and `what: value seen`. Byte order mark, CRLF and quoted cells are fine; line 1 is the header.

    Raises
    ------
    TableUnreadable
        The file cannot be read, or its header lacks a column that is not optional.
    """
    try:
        with path.open("rb") as file:
            yield from _rows(path, file, columns, bad)
    except (OSError, ValueError) as error:
        raise TableUnreadable(path, f"cannot be read: {getattr(error, 'strerror', error)}") from error


def _rows(
    path: Path, file: BinaryIO, columns: Sequence[Column], bad: Callable[[int, str], None]
) -> Iterator[tuple[int, list[str]]]:
    header = file.readline(MAX_LINE_BYTES).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "backslashreplace")
    delimiter, places, width = _layout(path, header, columns)
    lines = _Lines(file, bad)
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.first = 0
        try:
            row = next(rows, None)
        except csv.Error as error:
            bad(lines.first, f"not a row of CSV: {error}")
            continue
        if row is None:
            return
        if not any(map(str.strip, row)):
            continue
        if len(row) != width:
            bad(lines.first, f"wrong number of columns: {len(row)}, the header has {width}")
        elif any("\udc80" <= sign <= "\udcff" for cell in row for sign in cell):
            bad(lines.first, f"not UTF-8 text: {short_repr(delimiter.join(row))}")
        else:
            yield lines.first, ["" if place is None else row[place].strip() for place in places]


def _layout(path: Path, header: str, columns: Sequence[Column]) -> tuple[str, list[int | None], int]:
    """Delimiter, where each column is, and how many columns there are."""
    if not header.strip():
        raise TableUnreadable(path, "no header: its first line is empty")
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        names = [_folded(name) for name in next(csv.reader([header], delimiter=delimiter))]
    except (csv.Error, StopIteration) as error:
        raise TableUnreadable(path, f"no header: {short_repr(header)}") from error
    places: list[int | None] = []
    for column in columns:
        place = next((names.index(name) for name in map(_folded, column.names) if name in names), None)
        if place is None and not column.optional:
            wanted = " or ".join(column.names)
            raise TableUnreadable(path, f"no column {wanted}: the header is {short_repr(header.strip())}")
        places.append(place)
    return delimiter, places, len(names)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


class _Lines:
    """The lines of a file as text, each of bounded length; counts them."""

    def __init__(self, file: BinaryIO, bad: Callable[[int, str], None]) -> None:
        self._file, self._bad = file, bad
        self.number = 1
        """Of the line given last; the header is 1."""
        self.first = 0
        """Of the line given first since this was set to 0: a quoted cell may go over several."""

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(MAX_LINE_BYTES + 1):
            self.number += 1
            if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                self._bad(self.number, f"line too long: more than {MAX_LINE_BYTES:,} bytes")
                while (rest := self._file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                continue
            self.first = self.first or self.number
            yield line.decode("utf-8", "surrogateescape")
