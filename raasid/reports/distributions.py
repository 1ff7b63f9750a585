"""Two distributions of one feature in a small SVG: what is current over what was there before."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from raasid.reports.charts import tick_label, ticks

Floats = NDArray[np.float64]

_WIDTH, _HEIGHT, _AXIS = 340.0, 104.0, 18.0
_BARS = 44
_TAIL = 0.005
"""Share of the values of a side that may lie beyond an end of the axis; they are drawn at that end."""
_MOST_ASYMMETRY = 3.0
_MOST_LEVELS = 5
_LEVEL_HEIGHT = 22.0
_NAME_WIDTH, _PERCENT_WIDTH = 116.0, 42.0
_LONGEST_NAME = 18
_BEFORE, _EDGE, _NOW, _SOFT = "#d5dae0", "#7f8c99", "#0072b2", "#59626c"

DISTRIBUTION_KEY = (
    '<span class="key"><svg width="26" height="14" aria-hidden="true">'
    f'<rect x="1" y="3" width="24" height="10" fill="{_BEFORE}" stroke="{_EDGE}" stroke-dasharray="3 2"/>'
    "</svg>grey, dashed: before</span>"
    '<span class="key"><svg width="26" height="14" aria-hidden="true">'
    f'<path d="M1 12H8V4H17V9H25" fill="none" stroke="{_NOW}" stroke-width="2"/></svg>blue line: now</span>'
)
"""The legend of these charts, as HTML."""


def numeric_distributions(
    points: Sequence[float], now: Sequence[float], before: Sequence[float], label: str
) -> str:
    """Draw two densities of a numeric feature over a common axis.

    points: (K,) rising values of K bins. now, before: (K,) shares of the values in each bin. label: for
    screen readers.
    """
    lows, highs = _bin_ends(np.asarray(points, dtype=np.float64))
    sides = [np.asarray(side, dtype=np.float64) for side in (before, now)]
    low, high = _axis(lows, highs, sides)
    grid = np.linspace(low, high, _BARS + 1)
    heights = [_rebinned(lows, highs, side, grid) for side in sides]
    top = max(float(side.max()) for side in heights) or 1.0
    base = _HEIGHT - _AXIS
    outlines = [_steps(side / top * (base - 4), base) for side in heights]
    parts = [
        f'<path d="{outlines[0]}Z" fill="{_BEFORE}" stroke="{_EDGE}" stroke-dasharray="3 2"/>',
        f'<path d="M0 {base}H{_WIDTH}" stroke="{_EDGE}"/>',
        f'<path d="{outlines[1]}" fill="none" stroke="{_NOW}" stroke-width="2" stroke-linejoin="round"/>',
    ]
    for tick in ticks(low, high):
        x = (tick - low) / (high - low) * _WIDTH
        anchor = "start" if x < 14 else "end" if x > _WIDTH - 14 else "middle"
        parts.append(f'<path d="M{x:.1f} {base}v4" stroke="{_EDGE}"/>')
        parts.append(_text(x, _HEIGHT - 2, tick_label(tick), anchor))
    return _svg(_HEIGHT, label, parts)


def level_shares(levels: Sequence[str], now: Sequence[float], before: Sequence[float], label: str) -> str:
    """Draw the shares of the levels of a categorical feature as pairs of bars, those that differ most first.

    now, before: (K,) shares of the K levels; beyond five levels the rest is left out.
    """
    differ = sorted(range(len(levels)), key=lambda k: (-abs(now[k] - before[k]), levels[k]))
    room = _WIDTH - _NAME_WIDTH - _PERCENT_WIDTH
    parts = []
    for row, k in enumerate(differ[:_MOST_LEVELS]):
        y = row * _LEVEL_HEIGHT
        name = levels[k] if len(levels[k]) <= _LONGEST_NAME else levels[k][: _LONGEST_NAME - 1] + "…"
        parts.append(_text(0, y + 14, name, "start"))
        for offset, share, style in (
            (3, before[k], f'fill="{_BEFORE}" stroke="{_EDGE}" stroke-dasharray="3 2"'),
            (12, now[k], f'fill="{_NOW}"'),
        ):
            width = max(share * room, 0.5)
            x = f'x="{_NAME_WIDTH}" y="{y + offset}"'
            parts.append(f'<rect {x} width="{width:.1f}" height="7" {style}/>')
            parts.append(_text(_NAME_WIDTH + width + 5, y + offset + 7.5, f"{share:.0%}", "start", "9.5"))
    return _svg(_LEVEL_HEIGHT * min(len(levels), _MOST_LEVELS), label, parts)


def quantile(points: Sequence[float], shares: Sequence[float], level: float) -> float:
    """Return the value below which a share of the values lies; NaN without values."""
    total = np.cumsum(shares)
    if not len(total) or total[-1] <= 0:
        return float("nan")
    return float(points[min(int(np.searchsorted(total, level * total[-1])), len(points) - 1)])


def _bin_ends(points: Floats) -> tuple[Floats, Floats]:
    """Return the ends of K bins: half-way to their neighbours, but not far across a gap."""
    if len(points) == 1:
        half = np.array([max(abs(float(points[0])) * 0.05, 0.5)])
        return points - half, points + half
    gaps = np.diff(points)
    left, right = np.append(gaps[0], gaps) / 2, np.append(gaps, gaps[-1]) / 2
    most = _MOST_ASYMMETRY * np.minimum(left, right)
    return points - np.minimum(left, most), points + np.minimum(right, most)


def _axis(lows: Floats, highs: Floats, sides: Sequence[Floats]) -> tuple[float, float]:
    """Return the ends of an axis that shows both sides but not their outliers."""
    ends = []
    for shares in sides:
        total = np.cumsum(shares)
        if total[-1] > 0:
            first, last = np.searchsorted(total, [_TAIL * total[-1], (1 - _TAIL) * total[-1]])
            ends += [float(lows[first]), float(highs[last])]
    low, high = (min(ends), max(ends)) if ends else (float(lows[0]), float(highs[-1]))
    room = (high - low) * 0.03 or 0.5
    return low - room, high + room


def _rebinned(lows: Floats, highs: Floats, shares: Floats, grid: Floats) -> Floats:
    """Spread each bin's share evenly over it, and collect the shares in the cells of a grid."""
    total = np.cumsum(shares)
    ends = np.stack([lows, highs], axis=1).ravel()
    below = np.interp(grid, ends, np.stack([total - shares, total], axis=1).ravel())
    below[0], below[-1] = 0.0, float(total[-1])
    return np.diff(below)


def _steps(heights: Floats, base: float) -> str:
    """Return the outline of bars as an SVG path, from the base line back to it."""
    cell = _WIDTH / len(heights)
    bars = "".join(f"V{base - height:.1f}H{(k + 1) * cell:.1f}" for k, height in enumerate(heights))
    return f"M0 {base}{bars}V{base}"


def _text(x: float, y: float, text: str, anchor: str, size: str = "11") -> str:
    position = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {position} style="fill:{_SOFT}">{escape(text)}</text>'


def _svg(height: float, label: str, parts: Sequence[str]) -> str:
    size = f'viewBox="-1 -1 {_WIDTH + 2:.0f} {height + 2:.0f}"'
    return f'<svg {size} role="img" aria-label="{escape(label, quote=True)}">{"".join(parts)}</svg>'
