"""The ball model's part of the report."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from raasid.evaluation.ball.matched import TOLERANCE_PX, Kind
from raasid.evaluation.ball.report_figures import KEY, choose, picture
from raasid.evaluation.ball.result import BallResult
from raasid.evaluation.report_page import Page, intervals_in_words, number, plural
from raasid.reports.charts import Line, Point, chart_grid, line_chart

PICTURES_PER_KIND = 12

_KINDS = (
    (
        Kind.MISLOCATED,
        "Put elsewhere",
        "A ball is visible, the model points at something else; most confident first.",
    ),
    (Kind.UNWANTED, "Seen where none is", "No ball is visible; most confident first."),
    (Kind.MISS, "Missed", "A ball is visible, nothing reaches the threshold; largest ball first."),
    (Kind.HIT, "Found", "From the least confident hit to the most confident."),
)


def _answer(result: BallResult) -> str:
    rate, wrong = result["detection_rate"], result["false_positives"]
    if math.isnan(rate.value):
        return "No frame shows a visible ball: the detection rate is undefined."
    return (
        f'Finds the ball in <b class="num">{rate.value * 100:.1f} %</b> of the frames'
        f' that show it, and is wrong <b class="num">{number(wrong.value * 100, 1)}</b> times'
        " in 100 images."
    )


def _ground(result: BallResult) -> str:
    counts = f"{plural(result.counts['frames'], 'frame')}, {result.counts['with ball']} with a visible ball"
    counts += f", {plural(result.counts['matches'], 'match')}"
    hit = f"A hit is nearer than {TOLERANCE_PX:g} px at a frame width of 512 px"
    return f"{counts}. {hit}; threshold {result.threshold:.3f}. {intervals_in_words(result)}"


def _pictures(result: BallResult) -> Iterator[str]:
    if not result.outcomes:
        return
    counts = Counter(outcome.kind for outcome in result.outcomes)
    yield f"<h2>What it looks like</h2><p class=note>{KEY}</p>"
    for kind, title, meaning in _KINDS:
        chosen = choose(result.outcomes, kind, PICTURES_PER_KIND)
        shown = f", {len(chosen)} shown" if len(chosen) < counts[kind] else ""
        yield f"<h3>{title}: {counts[kind]} of {result.counts['frames']} frames{shown}</h3>"
        if chosen:
            yield f'<p class="note">{meaning}</p>'
            yield f'<div class="pictures">{"".join(map(picture, chosen))}</div>'


def _trade(result: BallResult) -> Iterator[str]:
    top, every = result.curves["top"], result.curves["all"]
    here = f"at {result.threshold:.2f}"
    rate, wrong, precision = (
        result[name].value for name in ("detection_rate", "false_positives", "precision")
    )
    pairs = (("top candidate", top), ("all candidates", every))
    right = max(0.1, min(2.0, float(every.false_positives.max(initial=0.0))))
    yield "<h2>What other thresholds would give</h2>"
    yield (
        '<p class="note">The ring is the threshold in use. The system acts on the top candidate of a frame;'
        " with all candidates one sees what a tracker could still pick from.</p>"
    )
    yield chart_grid(
        [
            line_chart(
                [Line(name, c.detection_rate.tolist(), c.precision.tolist()) for name, c in pairs],
                "detection rate",
                "Precision against detection rate (PR)",
                x_range=(0.0, 1.0),
                y_range=(0.0, 1.0),
                point=Point(here, rate, precision),
            ),
            line_chart(
                [Line(name, c.false_positives.tolist(), c.detection_rate.tolist()) for name, c in pairs],
                "false positives per image",
                "Detection rate against false positives (FROC)",
                x_range=(0.0, right),
                y_range=(0.0, 1.0),
                point=Point(here, wrong, rate),
            ),
        ]
    )


PAGE: Page[BallResult] = Page(
    model="ball model",
    answer=_answer,
    ground=_ground,
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
    pictures=_pictures,
    charts=_trade,
)
