"""The HTML report of an evaluation: self-contained, each number with its interval and sample size."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Generic, TypeVar

from raasid.evaluation.result import EvaluationResult, Slice
from raasid.reports.charts import Series, chart_grid, interval_bar, line_chart
from raasid.reports.document import plural, write_document
from raasid.stats.bootstrap import Estimate
from raasid.tasks import TASKS

MAX_SLICE_ROWS = 30
MAX_REJECTED_ROWS = 200

Result = TypeVar("Result", bound=EvaluationResult)
Item = TypeVar("Item")


def _no_parts(_: object) -> Iterator[str]:
    yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage(Generic[Result]):
    """What is specific to the report of one task; every text is HTML."""

    model: str
    """`ball model`"""
    answer: Callable[[Result], str]
    """The result in one sentence."""
    description: Callable[[Result], str]
    """The evaluated samples, and when a prediction counts as correct."""
    figures: tuple[tuple[str, str], ...]
    """The headline figures, metric and title; the first two are larger."""
    columns: tuple[tuple[str, str], ...]
    """Metrics of the slice tables, and their heads; rows are sorted by the first, weakest on top."""
    examples: Callable[[Result], Iterator[str]] = _no_parts
    """Annotated images, right below the answer."""
    charts: Callable[[Result], Iterator[str]] = _no_parts
    """Curves and additional tables."""


def write_report(
    page: ReportPage[Result],
    run_dir: Path,
    title: str,
    result: Result,
    *,
    metrics_csv: Path | None,
    config_yaml: str,
    left_out: Sequence[tuple[str, str]],
    facts: Mapping[str, str],
    baseline: tuple[str, EvaluationResult] | None = None,
) -> Path:
    """Write RUN/report.html and return its path.

    metrics_csv: the run's training curves, if it trained. left_out: samples that were not used, and why.
    facts: the environment and what else identifies the run, in the order to show.
    baseline: name and result of a baseline model on the same samples.
    """
    sections = (
        _answer(page, title, result),
        _comparison(result, baseline),
        page.examples(result),
        _training(metrics_csv),
        page.charts(result),
        _slices(page, result),
        [f"<h2>All metrics</h2>{metric_table(result)}"],
        _left_out(left_out),
        _provenance(config_yaml, facts),
    )
    parts = (part for section in sections for part in section)
    return write_document(run_dir / "report.html", title, parts)


def alternate(items: Iterable[Item], group: Callable[[Item], str]) -> list[Item]:
    """Reorder items so that the first of every group comes first, then every second, and so on."""
    counts: Counter[str] = Counter()
    rounds = []
    for position, item in enumerate(items):
        rounds.append((counts[group(item)], position, item))
        counts[group(item)] += 1
    return [item for *_, item in sorted(rounds, key=lambda one: one[:2])]


def describe_intervals(result: EvaluationResult) -> str:
    """Explain how the intervals were computed, and how far to trust them."""
    if result.primary.unit == "match":
        caution = " So few matches make it a rough guide." if result.counts["matches"] < 5 else ""
        return f"Intervals (95 %) resample matches.{caution}"
    unit = next(iter(result.counts))
    return f"Intervals (95 %) resample {unit}, for want of matches: they are too narrow for other matches."


def _answer(page: ReportPage[Result], title: str, result: Result) -> Iterator[str]:
    yield f'<header><div class="kicker">RAASID · {page.model}</div><h1>{escape(title)}</h1>'
    yield f'<p class="answer">{page.answer(result)}</p>'
    yield f"{headline_figures(result, page.figures)}</header>"
    yield f'<p class="note">{page.description(result)}</p>'


def _comparison(result: EvaluationResult, baseline: tuple[str, EvaluationResult] | None) -> Iterator[str]:
    if baseline is not None:
        name, other = baseline
        yield f"<h2>Compared with {escape(name)}</h2>"
        yield '<p class="note">The other model was evaluated on the same samples.</p>'
        yield comparison_table(result, other)


def _training(metrics_csv: Path | None) -> Iterator[str]:
    if metrics_csv is not None and metrics_csv.is_file():
        charts = training_curves(metrics_csv)
        if charts:
            yield f"<h2>Training curves</h2>{chart_grid(charts)}"


def _slices(page: ReportPage[Result], result: Result) -> Iterator[str]:
    yield "<h2>Where it is weak</h2>"
    yield (
        '<p class="note">Weakest first. The whisker is the 95 % interval: wide where samples or matches are'
        " few. If all of them have the same result, there is no spread to estimate it from.</p>"
    )
    for by, head in (("tag", "tag"), ("match", "match")):
        parts = [part for part in result.slices if part.by == by]
        if parts:
            yield slice_table(result, parts, head, page.columns)


def _left_out(left_out: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "<h2>What was left out</h2>"
    if not left_out:
        yield "<p>Nothing: every sample could be read.</p>"
        return
    rows = "".join(
        f"<tr><td><code>{escape(a)}</code></td><td>{escape(b)}</td></tr>"
        for a, b in left_out[:MAX_REJECTED_ROWS]
    )
    more = len(left_out) - MAX_REJECTED_ROWS
    yield f"<p>{plural(len(left_out), 'sample')} could not be used.</p>"
    yield f"<table><thead><tr><th>sample</th><th>reason</th></tr></thead><tbody>{rows}</tbody></table>"
    if more > 0:
        yield f'<p class="note">… and {more} more in quarantine.json.</p>'


def _provenance(config_yaml: str, facts: Mapping[str, str]) -> Iterator[str]:
    yield f"<h2>Configuration</h2><pre>{escape(config_yaml.strip())}</pre>"
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    yield f"<h2>Environment</h2><dl>{rows}</dl>"


def headline_figures(result: EvaluationResult, figures: Sequence[tuple[str, str]]) -> str:
    """Format the headline figures."""
    cells = []
    for position, (name, title) in enumerate(figures):
        estimate, first = result[name], position < 2
        bar = interval_bar(estimate.value, estimate.low, estimate.high, width=250 if first else 180)
        cells.append(
            f'<div class="figure{" first" if first else ""}"><div class="name">{title}</div>'
            f'<div class="value num">{format_number(estimate.value, 3)}</div>{bar}'
            f'<div class="between num">{interval_text(estimate)}</div></div>'
        )
    return f'<div class="headline">{"".join(cells)}</div>'


def metric_table(result: EvaluationResult) -> str:
    """Format a row per metric with its interval and meaning."""
    meanings = TASKS[result.task].meanings
    rows = "".join(
        f'<tr><td><code>{name}</code></td><td class="right num">{format_number(e.value)}</td>'
        f'<td class="num soft">{interval_text(e)}</td>'
        f'<td class="soft">{escape(meanings.get(name, ""))}</td></tr>'
        for name, e in result.estimates.items()
    )
    return (
        '<table><thead><tr><th>metric</th><th class="right">value</th><th>95 % interval</th><th>meaning</th>'
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def comparison_table(result: EvaluationResult, other: EvaluationResult) -> str:
    """Format a row per metric that both have, the primary ones first, with the values of both."""
    names = [n for n in (*TASKS[result.task].primary_metrics, *result.estimates) if n in other.estimates]
    rows = "".join(
        f"<tr><td><code>{name}</code></td>{_value_cells(result[name])}{_value_cells(other[name])}</tr>"
        for name in dict.fromkeys(names)
    )
    heads = "".join(
        f'<th class="right">{model}</th><th>95 % interval</th>' for model in ("this model", "the other")
    )
    return f"<table><thead><tr><th>metric</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def slice_table(
    result: EvaluationResult, parts: Sequence[Slice], head: str, columns: Sequence[tuple[str, str]]
) -> str:
    """Format a row per slice, the weakest first, below a row for all samples; long tables are cut."""
    first = columns[0][0]
    weakest_first = sorted(parts, key=lambda part: (_nan_last(part.estimates[first].value), part.name))
    everything = Slice("tag", f"all {next(iter(result.counts))}", result.counts, result.estimates)
    shown = (everything, *weakest_first[:MAX_SLICE_ROWS])
    rows = "".join(_slice_row(part, part is everything, [name for name, _ in columns]) for part in shown)
    more = len(parts) - MAX_SLICE_ROWS
    more_note = f'<p class="note">… and {more} more in metrics.json.</p>' if more > 0 else ""
    counted = [name for name in result.counts if name != "matches"]
    heads = "".join(f'<th class="right">{text}</th>' for text in (*counted, columns[0][1]))
    others = "".join(f'<th class="right">{text}</th>' for _, text in columns[1:])
    return (
        f'<table class="slices"><thead><tr><th>{head}</th>{heads}<th></th><th>95 % interval</th>{others}'
        f"</tr></thead><tbody>{rows}</tbody></table>{more_note}"
    )


def format_number(value: float, digits: int = 4) -> str:
    """Format a value; a dash if it is undefined."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def interval_text(estimate: Estimate) -> str:
    """Format an interval: `0.812 to 0.901`."""
    if math.isnan(estimate.low):
        return ""
    if estimate.low == estimate.high:
        return f"no spread in {plural(estimate.n, estimate.unit)}"
    return f"{estimate.low:.3f} to {estimate.high:.3f}"


def _value_cells(estimate: Estimate) -> str:
    value, interval = format_number(estimate.value), interval_text(estimate)
    return f'<td class="right num">{value}</td><td class="num soft">{interval}</td>'


def _slice_row(part: Slice, is_total: bool, metrics: Sequence[str]) -> str:
    main, *others = (part.estimates[name] for name in metrics)
    cells = [f"<td>{escape(part.name)}</td>"]
    cells += [f'<td class="right num">{n}</td>' for name, n in part.counts.items() if name != "matches"]
    cells.append(f'<td class="right num">{format_number(main.value, 3)}</td>')
    cells.append(f"<td>{interval_bar(main.value, main.low, main.high, 160)}</td>")
    cells.append(f'<td class="num soft">{interval_text(main)}</td>')
    cells += [f'<td class="right num">{format_number(other.value, 3)}</td>' for other in others]
    return f"<tr{' class=whole' if is_total else ''}>{''.join(cells)}</tr>"


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value


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
