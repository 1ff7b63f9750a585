"""Reads CSV tables row by row, in constant memory, and reports the line of every bad row."""

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
"""A longer line is no row of an annotation table."""
_DELIMITERS = (",", ";", "\t")


class TableUnreadable(DataError):
    """A table that is missing, or whose header lacks a column."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        """`what: value seen`, as in `RejectedSample.reason`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the names that exporters give it; case, blanks and punctuation do not count."""

    names: tuple[str, ...]
    optional: bool = False
    """Its cells are empty text in tables without such a column."""


def read_table(
    path: Path, columns: Sequence[Column], reject: Callable[[int, str], None]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number, from 1, and the cells of `columns` of each row that is not empty.

    The delimiter is comma, semicolon or tab, whichever is most frequent in the header, which is line 1. Byte
    order mark, CRLF and quoted cells are accepted. reject: called with line and reason of each bad row.
    Raises TableUnreadable if the file cannot be read, or its header lacks a column that is not optional.
    """
    try:
        with path.open("rb") as file:
            yield from _rows(path, file, columns, reject)
    except (OSError, ValueError) as error:
        raise TableUnreadable(path, f"cannot be read: {getattr(error, 'strerror', error)}") from error


def _rows(
    path: Path, file: BinaryIO, columns: Sequence[Column], reject: Callable[[int, str], None]
) -> Iterator[tuple[int, list[str]]]:
    header = file.readline(MAX_LINE_BYTES).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "backslashreplace")
    delimiter, indices, width = _layout(path, header, columns)
    lines = _Lines(file, reject)
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.first = 0
        try:
            row = next(rows, None)
        except csv.Error as error:
            reject(lines.first, f"not a row of CSV: {error}")
            continue
        if row is None:
            return
        if not any(map(str.strip, row)):
            continue
        if len(row) != width:
            reject(lines.first, f"wrong number of columns: {len(row)}, the header has {width}")
        elif any("\udc80" <= character <= "\udcff" for cell in row for character in cell):
            reject(lines.first, f"not UTF-8 text: {short_repr(delimiter.join(row))}")
        else:
            yield lines.first, ["" if index is None else row[index].strip() for index in indices]


def _layout(path: Path, header: str, columns: Sequence[Column]) -> tuple[str, list[int | None], int]:
    """Return the delimiter, the index of each column (None: not in the table), and the number of columns."""
    if not header.strip():
        raise TableUnreadable(path, "no header: its first line is empty")
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        names = [_normalized(name) for name in next(csv.reader([header], delimiter=delimiter))]
    except (csv.Error, StopIteration) as error:
        raise TableUnreadable(path, f"no header: {short_repr(header)}") from error
    indices: list[int | None] = []
    for column in columns:
        aliases = map(_normalized, column.names)
        index = next((names.index(alias) for alias in aliases if alias in names), None)
        if index is None and not column.optional:
            wanted = " or ".join(column.names)
            raise TableUnreadable(path, f"no column {wanted}: the header is {short_repr(header.strip())}")
        indices.append(index)
    return delimiter, indices, len(names)


def _normalized(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


class _Lines:
    """Iterates over the lines of a file as text, each of bounded length.

    `csv.reader.line_num` does not count the lines that are too long, so lines are counted here.
    """

    def __init__(self, file: BinaryIO, reject: Callable[[int, str], None]) -> None:
        self._file, self._reject = file, reject
        self._number = 1
        """Of the line returned last; the header is 1."""
        self.first = 0
        """Number of the first line returned since this was set to 0: a quoted cell may span several lines."""

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(MAX_LINE_BYTES + 1):
            self._number += 1
            if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                self._reject(self._number, f"line too long: more than {MAX_LINE_BYTES:,} bytes")
                while (rest := self._file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                continue
            self.first = self.first or self._number
            yield line.decode("utf-8", "surrogateescape")
