"""The report's figures and tables: each number beside its interval and what it stands on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from raasid.evaluation.intervals import Estimate
from raasid.evaluation.report.charts import interval_bar
from raasid.evaluation.result import BallResult
from raasid.evaluation.slices import Slice

MEANING = {
    "detection_rate": "Frames with a visible ball in which the top candidate is a hit",
    "false_positives": "Wrong or unwanted predictions per image",
    "false_positives_per_minute": "The same per minute of footage, if all of it were like this",
    "precision": "Predictions that are hits",
    "f1": "Harmonic mean of precision and detection_rate",
    "ap": "Area under precision over detection rate, top candidate, any threshold",
    "map50": "COCO average precision of boxes at IoU 0.5",
    "recall_wasb": "Recall as WASB prints it: mislocated balls left out",
    "f1_wasb": "F1 as WASB prints it",
    "accuracy_wasb": "Hits and true negatives among all frames",
    "ap_wasb": "Average precision as WASB prints it",
    "rmse_px": "Root mean square distance, hits and mislocated, px at 512",
    "mean_error_px": "Mean distance of hits, px at 512",
}

ROWS_SHOWN = 30


def headline(result: BallResult) -> str:
    """The big figures."""
    figures = (
        ("detection_rate", "detection rate", True),
        ("false_positives", "false positives per image", True),
        ("precision", "precision", False),
        ("f1", "F1", False),
    )
    cells = []
    for name, title, first in figures:
        estimate = result[name]
        bar = interval_bar(estimate.value, estimate.low, estimate.high, width=250 if first else 180)
        cells.append(
            f'<div class="figure{" first" if first else ""}"><div class="name">{title}</div>'
            f'<div class="value num">{number(estimate.value, 3)}</div>{bar}'
            f'<div class="between num">{between(estimate)}</div></div>'
        )
    return f'<div class="headline">{"".join(cells)}</div>'


def metric_table(result: BallResult) -> str:
    """Every metric with its interval and meaning."""
    rows = "".join(
        f'<tr><td><code>{name}</code></td><td class="right num">{number(e.value)}</td>'
        f'<td class="num soft">{between(e)}</td><td class="soft">{escape(MEANING.get(name, ""))}</td></tr>'
        for name, e in result.estimates.items()
    )
    return (
        '<table><thead><tr><th>metric</th><th class="right">value</th><th>95 % interval</th><th>meaning</th>'
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def slice_table(result: BallResult, parts: Sequence[Slice], head: str) -> str:
    """A row per slice, the weakest first, under a row for all frames; long tables are cut."""
    weakest_first = sorted(
        parts, key=lambda part: (_or_infinite(part.estimates["detection_rate"].value), part.name)
    )
    whole = Slice("tag", "all frames", result.n_frames, result.n_visible, result.n_matches, result.estimates)
    rows = "".join(_slice_row(part, part is whole) for part in (whole, *weakest_first[:ROWS_SHOWN]))
    more = len(parts) - ROWS_SHOWN
    rest = f'<p class="note">… and {more} more in metrics.json.</p>' if more > 0 else ""
    right = '<th class="right">'
    return (
        f'<table class="slices"><thead><tr><th>{head}</th>{right}frames</th>{right}with ball</th>'
        f"{right}detection rate</th><th></th><th>95 % interval</th>{right}false pos. per image</th>"
        f"{right}precision</th></tr></thead><tbody>{rows}</tbody></table>{rest}"
    )


def number(value: float, digits: int = 4) -> str:
    """A figure for reading; an undefined one is a dash."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def between(estimate: Estimate) -> str:
    """The interval in words."""
    if math.isnan(estimate.low):
        return ""
    if estimate.low == estimate.high:
        return f"no spread in {plural(estimate.n, estimate.unit)}"
    return f"{estimate.low:.3f} to {estimate.high:.3f}"


def plural(n: int, noun: str) -> str:
    """A count with its noun."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}{'es' if noun.endswith('ch') else 's'}"


def _slice_row(part: Slice, whole: bool) -> str:
    rate, wrong, precision = (part.estimates[n] for n in ("detection_rate", "false_positives", "precision"))
    bar = interval_bar(rate.value, rate.low, rate.high, 160)
    return (
        f"<tr{' class=whole' if whole else ''}><td>{escape(part.name)}</td>"
        f'<td class="right num">{part.n_frames}</td><td class="right num">{part.n_visible}</td>'
        f'<td class="right num">{number(rate.value, 3)}</td><td>{bar}</td>'
        f'<td class="num soft">{between(rate)}</td><td class="right num">{number(wrong.value, 3)}</td>'
        f'<td class="right num">{number(precision.value, 3)}</td></tr>'
    )


def _or_infinite(value: float) -> float:
    return math.inf if math.isnan(value) else value
