"""Tables for the eye: numbers aligned, long texts folded, and what does not fit left out and named.

Numbers as they are shown: metrics with intervals, bytes, times, digests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from raasid.console import terminal

Cell = str | Text
_GAP = 2
_CUT = 16
"""Characters that are left of a text at least."""


@dataclass(frozen=True, slots=True)
class Column:
    """What stands above a column, and what becomes of it where there is little room."""

    title: str
    right: bool = False
    """Numbers end at one edge."""
    drop: int = 0
    """0: it always stays; of the others the largest goes first."""
    fold: int = 0
    """It may be broken into several lines, of so many characters at least; 0: it may not."""
    lines: int = 100
    """So many of them at most; the rest of the text is left out."""
    cut: bool = False
    """Its end may be left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, one for each column."""

    cells: Sequence[Cell]
    style: str = ""


def print_table(
    columns: Sequence[Column], rows: Iterable[Row], *, head: bool = True, indent: int = 0
) -> list[str]:
    """Print on stdout. On a terminal it fits the width; into a file or pipe everything is written out.

    Columns that hold nothing are left out. Returns the titles of those for which there was no room.
    """
    out = terminal.out()
    rows = [Row([_text(cell) for cell in row.cells], row.style) for row in rows]
    held = [i for i, _ in enumerate(columns) if any(len(row.cells[i]) for row in rows)]
    room = out.width - indent if out.is_terminal else None
    widths = _fitted(columns, {i: _widest(columns[i], rows, i) for i in held}, room)
    titles = [Row([Text(column.title) for column in columns], "bold")] if head and held else []
    for row in [*titles, *rows]:
        cells = [_broken(out, columns[i], _text(row.cells[i]), width) for i, width in widths.items()]
        for pieces in zip_longest(*cells, fillvalue=Text()):
            line = Text(" " * indent, row.style)
            for (i, width), piece in zip(widths.items(), pieces, strict=True):
                gap = " " * (width - piece.cell_len)
                line.append(gap if columns[i].right else "").append_text(piece)
                line.append("" if columns[i].right else gap).append(" " * _GAP)
            line.rstrip()
            out.print(line)
    return [columns[i].title for i in held if i not in widths]


def print_line(*parts: Cell | tuple[str, str], indent: int = 0) -> None:
    """Print one line on stdout, from plain texts and (text, style)."""
    line = Text(" " * indent)
    for part in parts:
        text, style = part if isinstance(part, tuple) else (part, "")
        line.append_text(_text(text) if not style else Text(_visible(str(text)), style))
    line.rstrip()
    terminal.out().print(line)


def say_beside(line: str) -> None:
    """Say something that is no result, on stderr."""
    terminal.err().print(Text(line, style="dim"))


def _fitted(columns: Sequence[Column], widest: dict[int, int], room: int | None) -> dict[int, int]:
    """The columns that are shown, and how wide; room: characters in a line, None: as many as it takes.

    What can be made narrower is, then columns go; at last the terminal breaks the lines.
    """
    widths = dict(widest)
    while room is not None:
        over = sum(widths.values()) + _GAP * (len(widths) - 1) - room
        loose = [i for i in widths if widths[i] > _least(columns[i], widest[i])]
        droppable = [i for i in widths if columns[i].drop]
        if over <= 0:
            break
        if loose and sum(widths[i] - _least(columns[i], widest[i]) for i in loose) >= over:
            widths[max(loose, key=lambda i: widths[i])] -= 1
        elif droppable:
            del widths[max(droppable, key=lambda i: columns[i].drop)]
        else:
            return {i: _least(columns[i], widest[i]) for i in widths}
    return widths


def _least(column: Column, widest: int) -> int:
    """Characters below which a column is no longer readable."""
    return min(widest, column.fold or _CUT) if column.fold or column.cut else widest


def _widest(column: Column, rows: Sequence[Row], i: int) -> int:
    return max([cell_len(column.title), *(_text(row.cells[i]).cell_len for row in rows)])


def _broken(out: Console, column: Column, text: Text, width: int) -> Sequence[Text]:
    """The lines of a cell."""
    if text.cell_len <= width:
        return [text]
    if column.fold and not text.no_wrap:
        lines = text.wrap(out, width, overflow="fold")
        if len(lines) > column.lines:
            lines[column.lines - 1].truncate(width - 1)
            lines[column.lines - 1].rstrip()
            lines[column.lines - 1].append("…")
        return lines[: column.lines]
    text = text.copy()
    text.truncate(width, overflow="ellipsis")
    return [text]


def _text(cell: Cell) -> Text:
    if isinstance(cell, str):
        return Text(_visible(cell))
    return cell if cell.plain.isprintable() else Text(_visible(cell.plain))


def _visible(text: str) -> str:
    """A reason or a name may come from anywhere: it gives a terminal no orders and breaks no line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


class Interval(Protocol):
    """A value with its confidence interval, if it has one."""

    @property
    def value(self) -> float:
        """Return the point estimate."""
        ...

    @property
    def low(self) -> float | None:
        """Return the lower end."""
        ...

    @property
    def high(self) -> float | None:
        """Return the upper end."""
        ...


_UNITS = ("B", "kB", "MB", "GB", "TB")


def figures(column: Sequence[Interval | None], digits: int = 4) -> list[Text]:
    """The cells of a column, `value [low, high]`: values end below each other, and so do intervals."""
    values = ["" if figure is None else f"{figure.value:.{digits}f}" for figure in column]
    intervals = [_interval(figure, digits) for figure in column]
    value_width, interval_width = max(map(len, values), default=0), max(map(len, intervals), default=0)
    return [
        Text.assemble(value.rjust(value_width), " ", (interval.rjust(interval_width), "dim"))
        if value
        else Text()
        for value, interval in zip(values, intervals, strict=True)
    ]


def _interval(figure: Interval | None, digits: int) -> str:
    if figure is None or figure.low is None or figure.high is None:
        return ""
    return f"[{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


def size_of(count: int) -> str:
    """Bytes, in the largest unit that leaves a digit before the point."""
    power = min(max(0, len(str(count)) - 1) // 3, len(_UNITS) - 1)
    return f"{count / 1000**power:.{1 if power else 0}f} {_UNITS[power]}"


def minute_of(time: str) -> str:
    """A record's time (UTC, ISO 8601) to the minute."""
    return time[:16].replace("T", " ")


def short(digest: str) -> str:
    """Enough of a digest to tell it from others."""
    return digest[:12]
