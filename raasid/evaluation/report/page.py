"""The report of a run: one HTML file that needs no network, no script and no colour vision."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from raasid.evaluation.outcomes import TOLERANCE_PX, Kind
from raasid.evaluation.report.charts import Line, Point, line_chart
from raasid.evaluation.report.learning import learning_curves
from raasid.evaluation.report.pictures import KEY, choose, picture
from raasid.evaluation.report.tables import headline, metric_table, number, plural, slice_table
from raasid.evaluation.result import BallResult
from raasid.report.document import write_document

PICTURES_PER_KIND = 12
LEFT_OUT_SHOWN = 200

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


def write_report(
    run_dir: Path,
    title: str,
    result: BallResult,
    *,
    metrics_csv: Path | None,
    config_yaml: str,
    left_out: Sequence[tuple[str, str]],
    facts: Mapping[str, str],
) -> Path:
    """Write RUN/report.html and return its path.

    metrics_csv: the run's learning curves, if it trained. left_out: what was not used, and why.
    facts: the environment and whatever else identifies the run, in the order to show.
    """
    sections = (
        _answer(title, result),
        _pictures(result),
        _learning(metrics_csv),
        _trade(result),
        _slices(result),
        _all_metrics(result),
        _left_out(left_out),
        _origin(config_yaml, facts),
    )
    parts = (part for section in sections for part in section)
    return write_document(run_dir / "report.html", title, parts)


def _answer(title: str, result: BallResult) -> Iterator[str]:
    rate, wrong = result["detection_rate"], result["false_positives"]
    yield f'<header><div class="kicker">RAASID · ball model</div><h1>{escape(title)}</h1>'
    if not math.isnan(rate.value):
        yield (
            f'<p class="answer">Finds the ball in <b class="num">{rate.value * 100:.1f} %</b> of the frames'
            f' that show it, and is wrong <b class="num">{number(wrong.value * 100, 1)}</b> times'
            " in 100 images.</p>"
        )
    else:
        yield '<p class="answer">No frame shows a visible ball: the detection rate is undefined.</p>'
    yield f"{headline(result)}</header>"
    yield f'<p class="note">{_ground(result)}</p>'


def _ground(result: BallResult) -> str:
    counts = f"{plural(result.n_frames, 'frame')}, {result.n_visible} with a visible ball"
    counts += f", {plural(result.n_matches, 'match')}"
    hit = f"A hit is nearer than {TOLERANCE_PX:g} px at a frame width of 512 px"
    if result["detection_rate"].unit == "match":
        care = " So few matches make it a rough guide." if result.n_matches < 5 else ""
        interval = f"Intervals (95 %) resample matches.{care}"
    else:
        interval = (
            "Intervals (95 %) resample frames, for want of matches: they are too narrow for other matches."
        )
    return f"{counts}. {hit}; threshold {result.threshold:.3f}. {interval}"


def _pictures(result: BallResult) -> Iterator[str]:
    if not result.outcomes:
        return
    counts = Counter(outcome.kind for outcome in result.outcomes)
    yield f"<h2>What it looks like</h2><p class=note>{KEY}</p>"
    for kind, title, meaning in _KINDS:
        chosen = choose(result.outcomes, kind, PICTURES_PER_KIND)
        shown = f", {len(chosen)} shown" if len(chosen) < counts[kind] else ""
        yield f"<h3>{title}: {counts[kind]} of {result.n_frames} frames{shown}</h3>"
        if chosen:
            yield f'<p class="note">{meaning}</p>'
            yield f'<div class="pictures">{"".join(map(picture, chosen))}</div>'


def _learning(metrics_csv: Path | None) -> Iterator[str]:
    if metrics_csv is not None and metrics_csv.is_file():
        charts = learning_curves(metrics_csv)
        if charts:
            yield f"<h2>How it learned</h2>{_grid(charts)}"


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
    yield _grid(
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


def _slices(result: BallResult) -> Iterator[str]:
    yield "<h2>Where it is weak</h2>"
    yield (
        '<p class="note">Weakest first. The whisker is the 95 % interval: wide where frames or matches are'
        " few. Where all of them fared alike there is no spread to tell it from.</p>"
    )
    for by, head in (("tag", "tag"), ("match", "match")):
        parts = [part for part in result.slices if part.by == by]
        if parts:
            yield slice_table(result, parts, head)


def _all_metrics(result: BallResult) -> Iterator[str]:
    yield f"<h2>All metrics</h2>{metric_table(result)}"


def _left_out(left_out: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "<h2>What was left out</h2>"
    if not left_out:
        yield "<p>Nothing: every sample could be read.</p>"
        return
    rows = "".join(
        f"<tr><td><code>{escape(a)}</code></td><td>{escape(b)}</td></tr>"
        for a, b in left_out[:LEFT_OUT_SHOWN]
    )
    more = len(left_out) - LEFT_OUT_SHOWN
    yield f"<p>{plural(len(left_out), 'sample')} could not be used.</p>"
    yield f"<table><thead><tr><th>sample</th><th>reason</th></tr></thead><tbody>{rows}</tbody></table>"
    if more > 0:
        yield f'<p class="note">… and {more} more in quarantine.json.</p>'


def _origin(config_yaml: str, facts: Mapping[str, str]) -> Iterator[str]:
    yield f"<h2>Configuration</h2><pre>{escape(config_yaml.strip())}</pre>"
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    yield f"<h2>Environment</h2><dl>{rows}</dl>"


def _grid(charts: Sequence[str]) -> str:
    return f'<div class="charts">{"".join(f"<figure>{chart}</figure>" for chart in charts)}</div>'
