"""The report of a run: one HTML file that needs no network, no script and no colour vision.

The report's figures and tables: each number beside its interval and what it stands on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Generic, TypeVar

from raasid.evaluation.result import Result
from raasid.evaluation.slices import Slice
from raasid.reports.charts import chart_grid, interval_bar
from raasid.reports.document import write_document
from raasid.reports.training_curves import learning_curves
from raasid.stats.bootstrap import Estimate
from raasid.tasks import TASKS

ROWS_SHOWN = 30


def headline(result: Result, figures: Sequence[tuple[str, str]]) -> str:
    """The big figures."""
    cells = []
    for place, (name, title) in enumerate(figures):
        estimate, first = result[name], place < 2
        bar = interval_bar(estimate.value, estimate.low, estimate.high, width=250 if first else 180)
        cells.append(
            f'<div class="figure{" first" if first else ""}"><div class="name">{title}</div>'
            f'<div class="value num">{number(estimate.value, 3)}</div>{bar}'
            f'<div class="between num">{between(estimate)}</div></div>'
        )
    return f'<div class="headline">{"".join(cells)}</div>'


def metric_table(result: Result) -> str:
    """Every metric with its interval and meaning."""
    meanings = TASKS[result.task].meanings
    rows = "".join(
        f'<tr><td><code>{name}</code></td><td class="right num">{number(e.value)}</td>'
        f'<td class="num soft">{between(e)}</td><td class="soft">{escape(meanings.get(name, ""))}</td></tr>'
        for name, e in result.estimates.items()
    )
    return (
        '<table><thead><tr><th>metric</th><th class="right">value</th><th>95 % interval</th><th>meaning</th>'
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def beside_table(result: Result, other: Result) -> str:
    """A row per metric that both have, the primary ones first: this model's figure and the other's."""
    names = [n for n in (*TASKS[result.task].primary_metrics, *result.estimates) if n in other.estimates]
    rows = "".join(
        f"<tr><td><code>{name}</code></td>{_figure(result[name])}{_figure(other[name])}</tr>"
        for name in dict.fromkeys(names)
    )
    heads = "".join(
        f'<th class="right">{who}</th><th>95 % interval</th>' for who in ("this model", "the other")
    )
    return f"<table><thead><tr><th>metric</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def slice_table(result: Result, parts: Sequence[Slice], head: str, columns: Sequence[tuple[str, str]]) -> str:
    """A row per slice, the weakest first, under a row for everything; long tables are cut."""
    first = columns[0][0]
    weakest_first = sorted(parts, key=lambda part: (_or_infinite(part.estimates[first].value), part.name))
    everything = f"all {next(iter(result.counts))}"
    whole = Slice("tag", everything, result.counts, result.estimates)
    shown = (whole, *weakest_first[:ROWS_SHOWN])
    rows = "".join(_slice_row(part, part is whole, [name for name, _ in columns]) for part in shown)
    more = len(parts) - ROWS_SHOWN
    rest = f'<p class="note">… and {more} more in metrics.json.</p>' if more > 0 else ""
    counted = [name for name in result.counts if name != "matches"]
    heads = "".join(f'<th class="right">{text}</th>' for text in (*counted, columns[0][1]))
    others = "".join(f'<th class="right">{text}</th>' for _, text in columns[1:])
    return (
        f'<table class="slices"><thead><tr><th>{head}</th>{heads}<th></th><th>95 % interval</th>{others}'
        f"</tr></thead><tbody>{rows}</tbody></table>{rest}"
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


def _figure(estimate: Estimate) -> str:
    value, interval = number(estimate.value), between(estimate)
    return f'<td class="right num">{value}</td><td class="num soft">{interval}</td>'


def _slice_row(part: Slice, whole: bool, metrics: Sequence[str]) -> str:
    main, *others = (part.estimates[name] for name in metrics)
    cells = [f"<td>{escape(part.name)}</td>"]
    cells += [f'<td class="right num">{n}</td>' for name, n in part.counts.items() if name != "matches"]
    cells.append(f'<td class="right num">{number(main.value, 3)}</td>')
    cells.append(f"<td>{interval_bar(main.value, main.low, main.high, 160)}</td>")
    cells.append(f'<td class="num soft">{between(main)}</td>')
    cells += [f'<td class="right num">{number(other.value, 3)}</td>' for other in others]
    return f"<tr{' class=whole' if whole else ''}>{''.join(cells)}</tr>"


def _or_infinite(value: float) -> float:
    return math.inf if math.isnan(value) else value


LEFT_OUT_SHOWN = 200

R = TypeVar("R", bound=Result)


def _nothing(_: object) -> Iterator[str]:
    yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[R]):
    """What is particular about the report of one kind of model; every text is HTML."""

    model: str
    """`ball model`"""
    answer: Callable[[R], str]
    """One sentence that a reader in a hurry takes away."""
    ground: Callable[[R], str]
    """What the figures stand on, and when something counts as right."""
    figures: tuple[tuple[str, str], ...]
    """The big figures, metric and title; the first two are larger."""
    columns: tuple[tuple[str, str], ...]
    """Metrics of the tables of slices, and their heads; the first orders them, weakest on top."""
    pictures: Callable[[R], Iterator[str]] = _nothing
    """What it looks like; right below the answer."""
    charts: Callable[[R], Iterator[str]] = _nothing
    """Curves and further tables."""


def write_page(
    page: Page[R],
    run_dir: Path,
    title: str,
    result: R,
    *,
    metrics_csv: Path | None,
    config_yaml: str,
    left_out: Sequence[tuple[str, str]],
    facts: Mapping[str, str],
    beside: tuple[str, Result] | None = None,
) -> Path:
    """Write RUN/report.html and return its path.

    metrics_csv: the run's learning curves, if it trained. left_out: what was not used, and why.
    facts: the environment and whatever else identifies the run, in the order to show.
    beside: name and result of another model on the same samples.
    """
    sections = (
        _answer(page, title, result),
        _beside(result, beside),
        page.pictures(result),
        _learning(metrics_csv),
        page.charts(result),
        _slices(page, result),
        [f"<h2>All metrics</h2>{metric_table(result)}"],
        _left_out(left_out),
        _origin(config_yaml, facts),
    )
    parts = (part for section in sections for part in section)
    return write_document(run_dir / "report.html", title, parts)


def intervals_in_words(result: Result) -> str:
    """How the intervals were made, and how far to trust them."""
    if result.primary.unit == "match":
        care = " So few matches make it a rough guide." if result.counts["matches"] < 5 else ""
        return f"Intervals (95 %) resample matches.{care}"
    what = next(iter(result.counts))
    return f"Intervals (95 %) resample {what}, for want of matches: they are too narrow for other matches."


def _answer(page: Page[R], title: str, result: R) -> Iterator[str]:
    yield f'<header><div class="kicker">RAASID · {page.model}</div><h1>{escape(title)}</h1>'
    yield f'<p class="answer">{page.answer(result)}</p>'
    yield f"{headline(result, page.figures)}</header>"
    yield f'<p class="note">{page.ground(result)}</p>'


def _beside(result: Result, beside: tuple[str, Result] | None) -> Iterator[str]:
    if beside is not None:
        name, other = beside
        yield f"<h2>Beside {escape(name)}</h2>"
        yield '<p class="note">The other model looked at the same samples.</p>'
        yield beside_table(result, other)


def _learning(metrics_csv: Path | None) -> Iterator[str]:
    if metrics_csv is not None and metrics_csv.is_file():
        charts = learning_curves(metrics_csv)
        if charts:
            yield f"<h2>How it learned</h2>{chart_grid(charts)}"


def _slices(page: Page[R], result: R) -> Iterator[str]:
    yield "<h2>Where it is weak</h2>"
    yield (
        '<p class="note">Weakest first. The whisker is the 95 % interval: wide where samples or matches are'
        " few. Where all of them fared alike there is no spread to tell it from.</p>"
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
