"""Tables for the terminal: numbers are aligned, texts folded, and columns dropped where there is no room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from raasid.console import terminal
from raasid.escaping import printable, printable_lines

Cell = str | Text
_GAP = 2
_MIN_CUT_WIDTH = 16
_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title, and how it gives way on a narrow terminal."""

    title: str
    right: bool = False
    """Whether its cells are aligned on the right, as numbers are."""
    drop: int = 0
    """Order in which columns are dropped, the largest first; 0: never."""
    fold: int = 0
    """Smallest width, in characters, to which its texts may be folded; 0: they are not folded."""
    max_lines: int = 100
    """Lines of a folded text; the rest is cut off."""
    cut: bool = False
    """Whether its texts may be cut off at the end."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, one for each column, in one style."""

    cells: Sequence[Cell]
    style: str = ""


def print_table(
    columns: Sequence[Column | str],
    rows: Iterable[Row | Sequence[Cell]],
    *,
    head: bool = True,
    indent: int = 0,
) -> list[str]:
    """Print a table on stdout. On a terminal it fits the width; in a file or pipe nothing is left out.

    Columns without any content are not shown. Returns the titles of the columns dropped for lack of room.
    """
    out = terminal.out()
    layout = [column if isinstance(column, Column) else Column(column) for column in columns]
    body = [row if isinstance(row, Row) else Row(row) for row in rows]
    filled = [i for i, _ in enumerate(layout) if any(len(row.cells[i]) for row in body)]
    room = out.width - indent if out.is_terminal else None
    widths = _fit(layout, {i: _content_width(layout[i], body, i) for i in filled}, room)
    titles = [Row([Text(column.title) for column in layout], "bold")] if head and filled else []
    for row in [*titles, *body]:
        cells = [_lines(out, layout[i], _text(row.cells[i]), width) for i, width in widths.items()]
        for pieces in zip_longest(*cells, fillvalue=Text()):
            line = Text(" " * indent, row.style)
            for (i, width), piece in zip(widths.items(), pieces, strict=True):
                padding = " " * (width - piece.cell_len)
                line.append(padding if layout[i].right else "").append_text(piece)
                line.append("" if layout[i].right else padding).append(" " * _GAP)
            line.rstrip()
            out.print(line)
    return [layout[i].title for i in filled if i not in widths]


def print_line(*parts: Cell | tuple[str, str], indent: int = 0) -> None:
    """Print one line on stdout, made of plain texts and pairs of (text, style)."""
    line = Text(" " * indent)
    for part in parts:
        text, style = part if isinstance(part, tuple) else (part, "")
        line.append_text(_text(text) if not style else Text(printable(text), style))
    line.rstrip()
    terminal.out().print(line)


def print_note(line: str) -> None:
    """Print a remark that is not part of the result, on stderr."""
    terminal.err().print(Text(printable_lines(line), style="dim"))


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


def metric_cells(column: Sequence[Interval | None], digits: int = 4) -> list[Text]:
    """Format a column as `value [low, high]`, with values and intervals aligned."""
    values = ["" if metric is None else f"{metric.value:.{digits}f}" for metric in column]
    intervals = [_interval(metric, digits) for metric in column]
    value_width, interval_width = max(map(len, values), default=0), max(map(len, intervals), default=0)
    return [
        Text.assemble(value.rjust(value_width), " ", (interval.rjust(interval_width), "dim"))
        if value
        else Text()
        for value, interval in zip(values, intervals, strict=True)
    ]


def format_bytes(count: int) -> str:
    """Format a size in the largest decimal unit that leaves a digit before the point."""
    power = min(max(0, len(str(count)) - 1) // 3, len(_UNITS) - 1)
    return f"{count / 1000**power:.{1 if power else 0}f} {_UNITS[power]}"


def format_time(time: str) -> str:
    """Format an ISO 8601 time to the minute."""
    return time[:16].replace("T", " ")


def short_digest(digest: str) -> str:
    """Return enough of a digest to tell it from others."""
    return digest[:12]


def _fit(columns: Sequence[Column], content: dict[int, int], room: int | None) -> dict[int, int]:
    """Return the widths of the columns that are shown; room: characters in a line, None for unlimited.

    Columns are first narrowed, then dropped; if that is not enough, the terminal breaks the lines.
    """
    widths = dict(content)
    while room is not None:
        excess = sum(widths.values()) + _GAP * (len(widths) - 1) - room
        slack = {i: widths[i] - _min_width(columns[i], content[i]) for i in widths}
        droppable = [i for i in widths if columns[i].drop]
        if excess <= 0:
            break
        if sum(slack.values()) >= excess:
            widths[max((i for i in widths if slack[i] > 0), key=lambda i: widths[i])] -= 1
        elif droppable:
            del widths[max(droppable, key=lambda i: columns[i].drop)]
        else:
            return {i: _min_width(columns[i], content[i]) for i in widths}
    return widths


def _min_width(column: Column, content: int) -> int:
    """Return the width below which a column is not readable."""
    return min(content, column.fold or _MIN_CUT_WIDTH) if column.fold or column.cut else content


def _content_width(column: Column, rows: Sequence[Row], i: int) -> int:
    return max([cell_len(column.title), *(_text(row.cells[i]).cell_len for row in rows)])


def _lines(out: Console, column: Column, text: Text, width: int) -> Sequence[Text]:
    """Fold or cut a cell to its lines."""
    if text.cell_len <= width:
        return [text]
    if column.fold and not text.no_wrap:
        lines = text.wrap(out, width, overflow="fold")
        if len(lines) > column.max_lines:
            last = lines[column.max_lines - 1]
            last.truncate(width - 1)
            last.rstrip()
            last.append("…")
        return lines[: column.max_lines]
    text = text.copy()
    text.truncate(width, overflow="ellipsis")
    return [text]


def _text(cell: Cell) -> Text:
    plain = printable(cell)
    return cell if isinstance(cell, Text) and cell.plain == plain else Text(plain)


def _interval(metric: Interval | None, digits: int) -> str:
    if metric is None or metric.low is None or metric.high is None:
        return ""
    return f"[{metric.low:.{digits}f}, {metric.high:.{digits}f}]"
