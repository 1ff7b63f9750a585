"""A table is read row by row; an invalid row is reported, and the next one is still read."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from raasid.footage.formats.parsing.csv_reader import MAX_LINE_BYTES, Column, TableUnreadable, read_table

X, Y = Column(("x", "X pos")), Column(("y",), optional=True)


def rows(folder: Path, data: bytes) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str]]]:
    path = folder / "a.csv"
    path.write_bytes(data)
    bad: list[tuple[int, str]] = []
    return list(read_table(path, (X, Y), lambda line, reason: bad.append((line, reason)))), bad


@pytest.mark.parametrize("data", [b"y,x\n2,1\n", b"\xef\xbb\xbfY;X_Pos\r\n 2 ; 1\r\n", b'"y"\t"x"\n\n"2"\t1'])
def test_delimiter_spelling_column_order_and_line_endings_do_not_matter(tmp_path: Path, data: bytes) -> None:
    ((_, cells),), bad = rows(tmp_path, data)
    assert (cells, bad) == (["1", "2"], [])


def test_an_optional_column_may_be_missing_but_a_required_one_may_not(tmp_path: Path) -> None:
    assert rows(tmp_path, b"x\n1\n")[0] == [(2, ["1", ""])]
    with pytest.raises(TableUnreadable, match="no column x or X pos: the header is 'a,y'"):
        rows(tmp_path, b"a,y\n1,2\n")


@pytest.mark.parametrize("data", [b"", b"\n1,2\n", "x,y\n1,2\n".encode("utf-16"), b"\0" * 100])
def test_a_file_without_a_header_is_a_typed_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(TableUnreadable):
        rows(tmp_path, data)


def test_invalid_rows_are_reported_with_their_lines(tmp_path: Path) -> None:
    long = b"1," + b"2" * MAX_LINE_BYTES
    data = b"x,y\n1,2\n1\n1,2,3\n\xff,2\n" + long + b"\na\rb,2\n7,8"
    good, bad = rows(tmp_path, data)
    assert good == [(2, ["1", "2"]), (8, ["7", "8"])]
    assert [(line, reason.partition(":")[0]) for line, reason in bad] == [
        (3, "wrong number of columns"),
        (4, "wrong number of columns"),
        (5, "not UTF-8 text"),
        (6, "line too long"),
        (7, "not a row of CSV"),
    ]


def test_an_unclosed_quote_does_not_exhaust_memory(tmp_path: Path) -> None:
    data = b'x,y\n1,"' + b"2.0000000000,3.0000000000\n" * 60_000
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    bad: list[tuple[int, str]] = []
    tracemalloc.start()
    read = sum(1 for _ in read_table(path, (X, Y), lambda line, reason: bad.append((line, reason))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert bad == [(2, "not a row of CSV: field larger than field limit (131072)")]
    assert read > 50_000
    assert peak < 2**20 < len(data)


def test_a_missing_file_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(TableUnreadable, match="cannot be read: No such file"):
        list(read_table(tmp_path / "none.csv", (X,), lambda line, reason: None))
