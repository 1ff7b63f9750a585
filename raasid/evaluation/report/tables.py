"""The report's figures and tables: each number beside its interval and what it stands on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from raasid.evaluation.intervals import Estimate
from raasid.evaluation.report.charts import interval_bar
from raasid.evaluation.result import Result
from raasid.evaluation.slices import Slice

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


def metric_table(result: Result, meaning: Mapping[str, str]) -> str:
    """Every metric with its interval and meaning."""
    rows = "".join(
        f'<tr><td><code>{name}</code></td><td class="right num">{number(e.value)}</td>'
        f'<td class="num soft">{between(e)}</td><td class="soft">{escape(meaning.get(name, ""))}</td></tr>'
        for name, e in result.estimates.items()
    )
    return (
        '<table><thead><tr><th>metric</th><th class="right">value</th><th>95 % interval</th><th>meaning</th>'
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def beside_table(result: Result, other: Result) -> str:
    """A row per metric that both have, the decisive ones first: this model's figure and the other's."""
    names = [n for n in (*reversed(result.decisive), *result.estimates) if n in other.estimates]
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
