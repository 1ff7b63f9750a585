"""The part of season.html about the cost: this season against the same weeks under other policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from statistics import fmean

from raasid.reports.charts import Series, line_chart

from .amounts import Amounts
from .ledger import BARE_LIMIT, LedgerRow


def ledger(rows: Sequence[LedgerRow], amounts: Amounts) -> Iterator[str]:
    """Yield the table, the chart of the weeks, and what is the same in all rows."""
    yield "<h2>What it cost, and what other rules would have cost</h2>"
    yield "<table><thead><tr><th>the ball model is retrained by</th>"
    yield '<th class="right">trainings</th><th class="right more">passed the gate</th>'
    yield '<th class="right">minutes of computing</th><th class="right">balls found</th></tr></thead><tbody>'
    for k, row in enumerate(rows):
        kind = ' class="whole"' if k == 0 else ""
        yield (
            f'<tr{kind}><td>{escape(row.policy)}</td><td class="right num">{row.trainings}</td>'
            f'<td class="right num more">{row.promoted}</td><td class="right num">{row.minutes:.1f}</td>'
            f'<td class="right num">{row.accuracy:.1%}</td></tr>'
        )
    yield "</tbody></table>"
    yield (
        f'<p class="note">Balls found: the mean over the {amounts.last_week} weeks of the mean over the kinds'
        " of matches that are played in a week. Minutes: processor time of checks, trainings and gate. All"
        " begin with the same first version, train equally long on all footage that has labels by then, and"
        " put a new version in service only if the gate passes it. The bare rule calls it drift when the"
        f" Wasserstein distance of any feature exceeds {BARE_LIMIT:g} standard deviations, and tests nothing."
        " The context model is not in this table.</p>"
    )
    series = []
    for row in rows:
        by_week: dict[int, list[float]] = {}
        for one in row.weeks:
            by_week.setdefault(one.week, []).append(one.detection_rate.value)
        series.append(Series(row.short, list(by_week), [fmean(rates) for rates in by_week.values()]))
    chart = line_chart(
        series,
        "week",
        "mean share of balls found",
        x_range=(0.6, amounts.last_week + 0.4),
        y_range=(0.0, 1.0),
    )
    yield f'<div class="charts"><figure>{chart}</figure></div>'
