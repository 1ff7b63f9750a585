"""Numbers as they are shown: metrics with intervals, bytes, times, digests."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from raasid.registry.records import Figure

_UNITS = ("B", "kB", "MB", "GB", "TB")


def figures(column: Sequence[Figure | None], digits: int = 4) -> list[Text]:
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


def _interval(figure: Figure | None, digits: int) -> str:
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
