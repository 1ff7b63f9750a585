"""The report of a ball model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from raasid.evaluation.ball.matched import TOLERANCE_PX, OutcomeType
from raasid.evaluation.ball.report_figures import KEY, outcome_figure, select_examples
from raasid.evaluation.ball.result import BallResult
from raasid.evaluation.report_page import ReportPage, describe_intervals, format_number
from raasid.reports.charts import MarkedPoint, Series, chart_grid, line_chart
from raasid.reports.document import plural

MAX_FIGURES = 12

_OUTCOME_TYPES = (
    (
        OutcomeType.MISLOCATED,
        "Mislocated",
        "A ball is visible, the model predicts another position; most confident first.",
    ),
    (OutcomeType.UNWANTED, "Unwanted", "No ball is visible; most confident first."),
    (OutcomeType.MISS, "Missed", "A ball is visible, nothing reaches the threshold; largest ball first."),
    (OutcomeType.HIT, "Hits", "From the least confident hit to the most confident."),
)


def _answer(result: BallResult) -> str:
    rate, false_positives = result["detection_rate"], result["false_positives"]
    if math.isnan(rate.value):
        return "No frame shows a visible ball: the detection rate is undefined."
    return (
        f'Finds the ball in <b class="num">{rate.value * 100:.1f} %</b> of the frames'
        f' that show it, and is wrong <b class="num">{format_number(false_positives.value * 100, 1)}</b>'
        " times in 100 images."
    )


def _description(result: BallResult) -> str:
    counts = f"{plural(result.counts['frames'], 'frame')}, {result.counts['with ball']} with a visible ball"
    counts += f", {plural(result.counts['matches'], 'match')}"
    hit = f"A hit is nearer than {TOLERANCE_PX:g} px at a frame width of 512 px"
    return f"{counts}. {hit}; threshold {result.threshold:.3f}. {describe_intervals(result)}"


def _examples(result: BallResult) -> Iterator[str]:
    if not result.outcomes:
        return
    counts = Counter(outcome.kind for outcome in result.outcomes)
    yield f"<h2>Examples</h2><p class=note>{KEY}</p>"
    for kind, title, meaning in _OUTCOME_TYPES:
        chosen = select_examples(result.outcomes, kind, MAX_FIGURES)
        shown = f", {len(chosen)} shown" if len(chosen) < counts[kind] else ""
        yield f"<h3>{title}: {counts[kind]} of {result.counts['frames']} frames{shown}</h3>"
        if chosen:
            yield f'<p class="note">{meaning}</p>'
            yield f'<div class="pictures">{"".join(map(outcome_figure, chosen))}</div>'


def _threshold_curves(result: BallResult) -> Iterator[str]:
    top, every = result.curves["top"], result.curves["all"]
    here = f"at {result.threshold:.2f}"
    rate, false_positives, precision = (
        result[name].value for name in ("detection_rate", "false_positives", "precision")
    )
    pairs = (("top candidate", top), ("all candidates", every))
    right = max(0.1, min(2.0, float(every.false_positives.max(initial=0.0))))
    yield "<h2>Other thresholds</h2>"
    yield (
        '<p class="note">The ring is the threshold in use. The system uses the top candidate of a frame;'
        " all candidates show what a tracker could choose from.</p>"
    )
    yield chart_grid(
        [
            line_chart(
                [Series(name, c.detection_rate.tolist(), c.precision.tolist()) for name, c in pairs],
                "detection rate",
                "Precision against detection rate (PR)",
                x_range=(0.0, 1.0),
                y_range=(0.0, 1.0),
                point=MarkedPoint(here, rate, precision),
            ),
            line_chart(
                [Series(name, c.false_positives.tolist(), c.detection_rate.tolist()) for name, c in pairs],
                "false positives per image",
                "Detection rate against false positives (FROC)",
                x_range=(0.0, right),
                y_range=(0.0, 1.0),
                point=MarkedPoint(here, false_positives, rate),
            ),
        ]
    )


PAGE: ReportPage[BallResult] = ReportPage(
    model="ball model",
    answer=_answer,
    description=_description,
    figures=(
        ("detection_rate", "detection rate"),
        ("false_positives", "false positives per image"),
        ("precision", "precision"),
        ("f1", "F1"),
    ),
    columns=(
        ("detection_rate", "detection rate"),
        ("false_positives", "false pos. per image"),
        ("precision", "precision"),
    ),
    examples=_examples,
    charts=_threshold_curves,
)
