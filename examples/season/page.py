"""season.html: what happened in the season, what got better by it, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from statistics import fmean

from raasid.evaluation.report_page import interval_text
from raasid.reports.charts import Series, interval_bar, line_chart
from raasid.reports.document import write_document
from raasid.stats.bootstrap import Estimate

from .amounts import Amounts
from .footage import KINDS, Kind
from .ledger import LedgerRow
from .page_evidence import drift_evidence, gate_verdicts, law_figures
from .page_ledger import ledger
from .pictures import KEY, example_figures
from .story import Comparison, Event, Season

_NAMES: dict[Kind, str] = {"day": "by day", "night": "at night", "snow": "in snow"}
_STYLE = """<style>
.headline { grid-template-columns: repeat(3, 1fr); max-width: 860px; }
.figure .value small { font-size: 19px; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.charts { grid-template-columns: minmax(0, 760px); }
.pictures { grid-template-columns: 1fr 1fr; max-width: 760px; }
ol.events { list-style: none; margin: 16px 0 0; padding: 0; max-width: 860px; }
ol.events li { display: grid; grid-template-columns: 128px 1fr; gap: 4px 20px; padding: 9px 0;
               border-top: 1px solid var(--line); }
ol.events .num span { display: block; }
ol.events b { font-weight: 650; }
ol.events .quiet b { font-weight: 400; }
h3 { font-size: 15px; }
@media screen and (max-width: 600px) {
  body { padding: 28px 18px 48px; }
  .more { display: none; }
  td .soft { display: block; }
  th, td { padding-right: 8px; }
  .headline { grid-template-columns: 1fr; }
  .pictures { grid-template-columns: 1fr 1fr; gap: 12px 10px; }
  ol.events li { grid-template-columns: 1fr; }
  ol.events .num span { display: inline; margin-left: 0.5em; }
  .charts svg text { font-size: 15px; }
}
</style>"""


def write_page(season: Season, rows: Sequence[LedgerRow], seconds: float) -> Path:
    """Write ROOT/season.html and return its path; seconds: how long the season took to play."""
    sections = (
        _answer(season, rows),
        _chart(season),
        _timeline(season.events),
        _pictures(season.comparisons),
        ledger(rows, season.amounts),
        drift_evidence(season.drift),
        gate_verdicts(season.outcomes),
        law_figures(season.law),
        _facts(season, seconds),
    )
    parts = (part for section in sections for part in section)
    return write_document(season.root / "season.html", "A season with RAASID", parts)


def _answer(season: Season, rows: Sequence[LedgerRow]) -> Iterator[str]:
    yield _STYLE
    yield '<header><div class="kicker">RAASID · rendered football, small models</div>'
    yield f'<h1>A season with RAASID</h1><p class="answer">{_sentence(season, rows)}</p>'
    cells = [_figure(one) for one in season.comparisons]
    yield f'<div class="headline">{"".join(cells)}</div>'
    yield (
        '<p class="note">Share of the visible balls that the first and the last version of the ball model'
        " find, on held-out matches that no version was trained on; with the 95 % interval of the last one."
        "</p></header>"
    )


def _sentence(season: Season, rows: Sequence[LedgerRow]) -> str:
    amounts = season.amounts
    found = {(one.week, one.kind): one.detection_rate.value for one in season.ball.weeks}
    night = amounts.night_week
    by_day = fmean(value for (week, kind), value in found.items() if kind == "day" and week <= night)
    parts = [
        f"A model trained by day finds {by_day:.0%} of the balls in its matches. In week {night} it meets "
        f"weak floodlights, and finds <b>{found[night, 'night']:.0%}</b>."
    ]
    promoted = {one.done.trigger for one in season.outcomes if one.done.promoted}
    if season.drift_week == night:
        parts.append("A check that needs no labels notices it in the same week.")
    if "drift" in promoted and (night + 1, "night") in found:
        parts.append(
            "On Monday the model is retrained; from then on it finds"
            f" <b>{found[night + 1, 'night']:.0%}</b> at night."
        )
    if season.law is not None:
        parts.append(
            f"In week {amounts.law_week} a new edition of the Laws reverses {season.law.reversed} decisions, "
            "and the model that decides on handball is trained anew."
        )
    learned = (
        "the ball model learns it, too" if "new_scenarios" in promoted else "the gate refuses what was learnt"
    )
    parts.append(f"In week {amounts.snow_week} snow arrives, and {learned}.")
    ours, calendar = rows[0], rows[1]
    parts.append(
        f"The ball model was retrained <b>{_times(ours.trainings)}</b>; by the calendar alone it would have "
        f"been {_times(calendar.trainings)}."
    )
    return " ".join(parts)


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _figure(one: Comparison) -> str:
    after: Estimate = one.after.primary
    bar = interval_bar(after.value, after.low, after.high, width=180)
    return (
        f'<div class="figure"><div class="name">{_NAMES[one.kind]}: first version → last version</div>'
        f'<div class="value num"><small>{one.before.score:.2f} →</small> {after.value:.2f}</div>'
        f'{bar}<div class="between num">{interval_text(after)}</div></div>'
    )


def _chart(season: Season) -> Iterator[str]:
    yield "<h2>The ball model in service, week by week</h2>"
    yield (
        '<p class="note">Share of the visible balls that it finds in the matches of the week, with its 95 %'
        " interval. Vertical lines: a new version goes into service.</p>"
    )
    weeks, last = season.ball.weeks, season.amounts.last_week
    series = []
    for kind, shift in zip(KINDS, (-0.06, 0.0, 0.06), strict=True):
        found = [one for one in weeks if one.kind == kind]
        rates = [one.detection_rate for one in found]
        ends = [(rate.low, rate.high) for rate in rates]
        series.append(
            Series(
                _NAMES[kind],
                [one.week + shift for one in found],
                [rate.value for rate in rates],
                ends,
            )
        )
    version = {one.week: one.version for one in weeks}
    changes = [week - 0.5 for week in version if week - 1 in version and version[week] != version[week - 1]]
    # one line that leaves the chart between two changes
    x = [at for change in changes for at in (change, change)]
    y = [end for k, _ in enumerate(changes) for end in ((-0.1, 1.1) if k % 2 == 0 else (1.1, -0.1))]
    series.append(Series("new version", x, y))
    chart = line_chart(series, "week", "share of balls found", x_range=(0.6, last + 0.4), y_range=(0.0, 1.0))
    yield f'<div class="charts"><figure>{chart}</figure></div>'


def _timeline(events: Sequence[Event]) -> Iterator[str]:
    yield '<h2>What happened, and why</h2><ol class="events">'
    for event in events:
        kind = "" if event.happened else ' class="quiet"'
        yield (
            f'<li{kind}><span class="soft num">week {event.week} '
            f"<span>{event.when:%a} {event.when.day} {event.when:%b %Y}</span></span>"
            f"<span><b>{escape(event.title)}</b><br>"
            f'<span class="soft">{escape(event.reason)}</span></span></li>'
        )
    yield "</ol>"


def _pictures(comparisons: Sequence[Comparison]) -> Iterator[str]:
    note = f"{KEY} Held-out matches; frames that show what has changed."
    yield f'<h2>What it looks like</h2><p class="note">{note}</p>'
    yield f'<div class="pictures">{"".join(example_figures(comparisons))}</div>'


def _facts(season: Season, seconds: float) -> Iterator[str]:
    amounts: Amounts = season.amounts
    facts = {
        "footage": f"rendered football, 320 × 184 pixels; of each kind {amounts.train} matches to train on, "
        f"{amounts.test} to compare by, {amounts.week} in a week; {amounts.clips} clips of {amounts.frames} "
        "frames a match",
        "says nothing about": "real football: the season shows the loop, not the quality of a model",
        "dates": "of 2021, the last year in which the Laws of handball changed",
        "played in": f"{seconds / 60:.1f} minutes",
        "records": f"{season.root}: decisions, retrainings, registry, and the report of every run in logs",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    yield f"<h2>What was played</h2><dl>{rows}</dl>"
