"""Small charts as SVG; series differ in dash as well as in colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LINE_STYLES = (("#0072b2", ""), ("#d55e00", "7 4"), ("#009e73", "2 3"), ("#cc79a7", "9 3 2 3"))
"""Colour (Okabe and Ito, 2008) and dash of the first, second, … series."""

_WIDTH, _HEIGHT = 520.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 12.0, 46.0, 42.0
_GRID, _SOFT = "#e6e9ed", "#59626c"


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart; `name` is shown in the legend."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    intervals: Sequence[tuple[float, float]] = ()
    """Low and high of each y, drawn as whiskers; empty: none."""


@dataclass(frozen=True, slots=True)
class MarkedPoint:
    """A point marked with a ring and its name."""

    name: str
    x: float
    y: float


def line_chart(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    *,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    point: MarkedPoint | None = None,
) -> str:
    """Draw series with axes and a legend; points that are not finite are left out.

    Ranges default to the data's. A line ends where it leaves the range of x.
    """
    drawn = [(one, _finite(one)) for one in series]
    xs = [x for _, pairs in drawn for x, _ in pairs]
    ys = [y for _, pairs in drawn for _, y in pairs]
    if not xs:
        return f'<p class="note">{escape(y_label)}: nothing to draw.</p>'
    x0, x1 = x_range or _padded(min(xs), max(xs), 0.0)
    y0, y1 = y_range or _padded(min(ys), max(ys), 0.05)

    drawn = [(one, [(x, y) for x, y in pairs if x0 <= x <= x1]) for one, pairs in drawn]

    def px(x: float) -> float:
        return _LEFT + (min(max(x, x0), x1) - x0) / (x1 - x0) * (_WIDTH - _LEFT - _RIGHT)

    def py(y: float) -> float:
        return _HEIGHT - _BOTTOM - (min(max(y, y0), y1) - y0) / (y1 - y0) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text x="0" y="12" font-size="12.5" font-weight="600">{escape(y_label)}</text>']
    for tick in ticks(y0, y1):
        y = py(tick)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        parts.append(_text(_LEFT - 8, y + 4, tick_label(tick), "end"))
    for tick in ticks(x0, x1):
        x = px(tick)
        parts.append(f'<path d="M{x:.1f} {_HEIGHT - _BOTTOM}v4" stroke="{_SOFT}"/>')
        parts.append(_text(x, _HEIGHT - _BOTTOM + 18, tick_label(tick), "middle"))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(_text(middle, _HEIGHT - 6, x_label, "middle"))
    parts.append(f'<path d="M{_LEFT} {_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}" stroke="{_SOFT}"/>')
    legend_x = 0.0
    for i, (one, pairs) in enumerate(drawn):
        if not pairs:
            continue
        colour, dash = LINE_STYLES[i % len(LINE_STYLES)]
        path = "L".join(f"{px(x):.1f} {py(y):.1f}" for x, y in pairs)
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"'
            f' stroke-dasharray="{dash}"/>'
        )
        parts += [
            f'<path d="M{px(x):.1f} {py(low):.1f}V{py(high):.1f}m-4 0h8M{px(x) - 4:.1f} {py(low):.1f}h8"'
            f' fill="none" stroke="{colour}"/>'
            for x, (low, high) in zip(one.x, one.intervals, strict=bool(one.intervals))
            if x0 <= x <= x1 and math.isfinite(low) and math.isfinite(high)
        ]
        x, y = px(pairs[-1][0]), py(pairs[-1][1])
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>')
        parts.append(
            f'<path d="M{legend_x:.0f} 27h24" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts.append(_text(legend_x + 30, 31, one.name, "start"))
        legend_x += 54 + 6.8 * len(one.name)
    if point is not None and math.isfinite(point.x) and math.isfinite(point.y):
        x, y = px(point.x), py(point.y)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" fill="#fff" stroke="#1b1f24" stroke-width="2"/>'
        )
        right = x < middle
        parts.append(
            _text(x + (11 if right else -11), y + 17, point.name, "start" if right else "end", "#1b1f24")
        )
    label = escape(f"{y_label} against {x_label}", quote=True)
    size = f'viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"'
    return f'<svg {size} role="img" aria-label="{label}">{"".join(parts)}</svg>'


def interval_bar(value: float, low: float, high: float, width: float = 200, top: float = 1.0) -> str:
    """Draw a bar from 0 to the value on a scale that ends at `top`, with the interval as a whisker."""
    if not math.isfinite(value):
        return ""

    def px(x: float) -> float:
        return min(max(x / top, 0.0), 1.0) * (width - 2) + 1

    parts = [
        f'<rect x="1" y="5" width="{width - 2:.1f}" height="6" rx="1" fill="#eceff2"/>',
        f'<rect x="1" y="5" width="{px(value) - 1:.1f}" height="6" rx="1" fill="#7f8c99"/>',
    ]
    if math.isfinite(low) and math.isfinite(high) and low < high:
        a, b = px(low), px(high)
        parts.append(
            f'<path d="M{a:.1f} 8H{b:.1f}M{a:.1f} 3v10M{b:.1f} 3v10" stroke="#1b1f24" stroke-width="1.5"/>'
        )
    size = f'width="{width:.0f}" height="16" viewBox="0 0 {width:.0f} 16"'
    return f'<svg {size} aria-hidden="true">{"".join(parts)}</svg>'


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) between two ends."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(s for s in (1, 2, 5, 10) if raw <= s * power * 1.0001)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_label(value: float) -> str:
    """Format a number as short as possible."""
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"


def _finite(series: Series) -> list[tuple[float, float]]:
    pairs = zip(series.x, series.y, strict=True)
    return [(float(x), float(y)) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]


def _padded(low: float, high: float, share: float) -> tuple[float, float]:
    if high <= low:
        return low - 0.5, high + 0.5
    room = (high - low) * share
    return (low - room if low - room > 0 or low < 0 else 0.0), high + room


def _text(x: float, y: float, text: str, anchor: str, fill: str = _SOFT) -> str:
    style = f"fill:{fill};paint-order:stroke;stroke:#fff;stroke-width:3px"
    position = f'x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}"'
    return f'<text {position} style="{style}">{escape(text)}</text>'


def chart_grid(charts: Sequence[str]) -> str:
    """Arrange charts side by side, as many as fit."""
    return f'<div class="charts">{"".join(f"<figure>{chart}</figure>" for chart in charts)}</div>'
