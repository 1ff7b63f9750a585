"""Training curves from the `metrics.csv` of a run."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from raasid.reports.charts import Series, line_chart

_STEP = "step"
_LEARNING_RATE = "lr-"
_PANELS = (
    ("Loss", ("train/loss", "val/loss"), None),
    (
        "On the selection split",
        ("val/detection_rate", "val/f1", "val/ap", "val/ap50", "val/accuracy", "val/balanced_accuracy"),
        1.0,
    ),
    ("Calibration error on the selection split", ("val/ece",), None),
    ("False positives per validation image", ("val/false_positives",), None),
)


def training_curves(metrics_csv: Path) -> list[str]:
    """Draw a chart per group of columns in the file; cells may be empty."""
    columns = read_columns(metrics_csv)
    rates = tuple(name for name in columns if name.startswith(_LEARNING_RATE))[:1]
    last = max((x for pairs in columns.values() for x, _ in pairs), default=0.0)
    charts = []
    for title, names, top in (*_PANELS, ("Learning rate", rates, None)):
        series = [_series(name, columns[name]) for name in names if name in columns]
        if series:
            highest = top or max(y for one in series for y in one.y)
            y_range = (min(0.0, *(min(one.y) for one in series)), (highest or 1.0) * (1 if top else 1.05))
            charts.append(
                line_chart(series, "optimiser step", title, x_range=(0.0, last or 1.0), y_range=y_range)
            )
    return charts


def read_columns(metrics_csv: Path) -> dict[str, list[tuple[float, float]]]:
    """Read column -> (step, value) pairs in the file's order, skipping cells without a finite number."""
    columns: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with metrics_csv.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            step = _number(row.get(_STEP))
            for name, cell in row.items():
                value = _number(cell)
                if name and name != _STEP and math.isfinite(step) and math.isfinite(value):
                    columns[name].append((step, value))
    return dict(columns)


def _series(name: str, pairs: Iterable[tuple[float, float]]) -> Series:
    xs, ys = zip(*pairs, strict=True)
    return Series(name, xs, ys)


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return math.nan
