"""season.html: what happened, how the champion did in each week, and why the gate decided as it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

from raasid.evaluation.report_page import interval_text
from raasid.footage.store import DatasetStore
from raasid.io.image_reader import read_image
from raasid.reports.charts import Series, interval_bar, line_chart
from raasid.reports.document import plural, write_document
from raasid.reports.frame_figure import frame_figure

from .story import FIRST_DAY, LIGHTS, Event, Light, Season

_WORDS = {"detection_rate": "balls found", "false_positives": "false balls per frame"}
_NAMES: dict[Light, str] = {"day": "day matches", "night": "night matches"}
_STYLE = """<style>
.headline { grid-template-columns: repeat(4, 1fr); max-width: 860px; }
.charts { grid-template-columns: minmax(0, 760px); }
.pictures { grid-template-columns: 1fr 1fr; max-width: 760px; }
ol.events { list-style: none; margin: 16px 0 0; padding: 0; max-width: 760px; }
ol.events li { display: grid; grid-template-columns: 96px 1fr; gap: 4px 20px; padding: 9px 0;
               border-top: 1px solid var(--line); }
ol.events .num span { display: block; }
ol.events b { font-weight: 650; }
ol.events .quiet b { font-weight: 400; }
@media screen and (max-width: 600px) {
  body { padding: 28px 18px 48px; }
  .pictures { grid-template-columns: 1fr; }
  .more { display: none; }
  td .soft { display: block; }
  th, td { padding-right: 8px; }
  .headline { grid-template-columns: 1fr 1fr; }
  ol.events li { grid-template-columns: 1fr; }
  ol.events .num span { display: inline; margin-left: 0.5em; }
}
</style>"""


def write_page(season: Season, seconds: float) -> Path:
    """Write ROOT/season.html and return its path; seconds: how long the season took to play."""
    sections = (
        _answer(season),
        _pictures(season),
        _chart(season),
        _timeline(season.events),
        _comparison(season),
        _gate(season.gate),
        _facts(season, seconds),
    )
    parts = (part for section in sections for part in section)
    return write_document(season.root / "season.html", "A season of the ball model", parts)


def _answer(season: Season) -> Iterator[str]:
    yield _STYLE
    yield '<header><div class="kicker">RAASID · synthetic football, small models</div>'
    yield f'<h1>A season of the ball model</h1><p class="answer">{_sentence(season)}</p>'
    cells = []
    for one in season.comparisons:
        cells += [
            _figure(f"before, {_NAMES[one.light]}", one.before.primary),
            _figure(f"after, {_NAMES[one.light]}", one.after.primary),
        ]
    if cells:
        yield f'<div class="headline">{"".join(cells)}</div>'
        yield (
            '<p class="note">Share of the visible balls that the model finds (<code>detection_rate</code>),'
            " with its 95 % interval over matches that neither version was trained on.</p></header>"
        )
    else:
        yield "</header>"


def _sentence(season: Season) -> str:
    arrived = next((one for one in season.weeks if one.light == "night"), None)
    if arrived is None:
        return "Nothing but day matches was played."
    before = [one for one in season.weeks if one.light == "day" and one.week <= arrived.week]
    by_day = sum(one.detection_rate.value for one in before) / len(before)
    text = (
        f"A model trained by day finds <b>{by_day:.0%}</b> of the balls in its first weeks. In week"
        f" {arrived.week} it meets weak floodlights, and finds <b>{arrived.detection_rate.value:.0%}</b>."
    )
    if not season.gate:
        return f"{text} No retraining followed."
    night = next(one for one in season.comparisons if one.light == "night")
    day = next(one for one in season.comparisons if one.light == "day")
    done = (
        f"The check asks for a retraining; the new version finds <b>{night.after.score:.0%}</b> of the balls"
        f" in other matches at night, and <b>{day.after.score:.0%}</b> by day, where the old one finds"
        f" {day.before.score:.0%}."
    )
    passed = season.gate["passed"]
    verdict = "The gate passes it, and it goes into service." if passed else "The gate refuses it."
    return f"{text} {done} {verdict}"


def _figure(name: str, estimate: Any) -> str:
    bar = interval_bar(estimate.value, estimate.low, estimate.high, width=180)
    return (
        f'<div class="figure"><div class="name">{name}</div><div class="value num">{estimate.value:.2f}</div>'
        f'{bar}<div class="between num">{interval_text(estimate)}</div></div>'
    )


def _pictures(season: Season) -> Iterator[str]:
    yield '<div class="pictures">'
    for light in LIGHTS:
        clips = DatasetStore(season.store).find(light).footage().clips
        frame = next(frame for clip in clips for frame in clip.frames if any(b.visible for b in frame.balls))
        bare = replace(frame, persons=())
        yield frame_figure(read_image(frame.image), bare, f"One of the {_NAMES[light]}; the ball is marked.")
    yield "</div>"


def _chart(season: Season) -> Iterator[str]:
    yield "<h2>The champion, week by week</h2>"
    yield (
        '<p class="note">Share of the visible balls that the version in service found in the matches of the'
        " week, with its 95 % interval. A version whose whole interval lies below"
        f" {season.amounts.threshold:g} is retrained.</p>"
    )
    series = []
    for light, shift in zip(LIGHTS, (-0.05, 0.05), strict=True):
        found = [one for one in season.weeks if one.light == light]
        rates = [one.detection_rate for one in found]
        weeks = [one.week + shift for one in found]
        ends = [(rate.low, rate.high) for rate in rates]
        series.append(Series(_NAMES[light], weeks, [rate.value for rate in rates], ends))
    last = max(one.week for one in season.weeks)
    threshold = season.amounts.threshold
    series.append(Series("threshold", [0.6, last + 0.4], [threshold, threshold]))
    versions = [(one.week, one.version) for one in season.weeks]
    changed = next((week for week, version in versions if version != versions[0][1]), None)
    if changed is not None:
        series.append(Series("new champion", [changed - 0.5, changed - 0.5], [0.0, 1.0]))
    chart = line_chart(series, "week", "detection_rate", x_range=(0.6, last + 0.4), y_range=(0.0, 1.0))
    yield f'<div class="charts"><figure>{chart}</figure></div>'


def _timeline(events: list[Event]) -> Iterator[str]:
    yield '<h2>What happened, and why</h2><ol class="events">'
    for event in events:
        date = FIRST_DAY + timedelta(weeks=event.week)
        kind = "" if event.happened else ' class="quiet"'
        yield (
            f'<li{kind}><span class="soft num">week {event.week} <span>{date:%d %b %Y}</span></span>'
            f"<span><b>{escape(event.title)}</b><br>"
            f'<span class="soft">{escape(event.reason)}</span></span></li>'
        )
    yield "</ol>"


def _comparison(season: Season) -> Iterator[str]:
    if not season.comparisons:
        return
    yield "<h2>Before and after</h2>"
    yield '<p class="note">Both versions on the same held-out matches, with 95 % intervals.</p>'
    yield "<table><thead><tr><th>matches</th><th>metric</th><th>before</th><th>after</th></tr></thead><tbody>"
    for one in season.comparisons:
        for metric in ("detection_rate", "false_positives"):
            cells = "".join(
                f'<td><span class="num">{result[metric].value:.3f}</span>'
                f' <span class="num soft">{interval_text(result[metric])}</span></td>'
                for result in (one.before, one.after)
            )
            yield f"<tr><td>{one.light}</td><td>{_WORDS[metric]}</td>{cells}</tr>"
    yield "</tbody></table>"


def _gate(gate: dict[str, Any]) -> Iterator[str]:
    if not gate:
        return
    yield f"<h2>The gate: {'passed' if gate['passed'] else 'refused'}</h2><p>{escape(gate['reason'])}.</p>"
    yield (
        '<p class="note">A new version replaces the champion only if it is shown to lose no more than the'
        " margin overall, and if no larger loss is shown on any kind of match. Differences are paired: both"
        f" versions on the same {plural(gate['test_matches'], 'match')}.</p>"
    )
    yield '<table><thead><tr><th>demand</th><th>on</th><th class="right more">champion</th>'
    yield '<th class="right more">new version</th><th class="right">difference</th>'
    yield '<th class="more">interval</th><th class="right more">allowed</th>'
    yield '<th class="right more">matches</th><th>finding</th></tr></thead><tbody>'
    shown = [row for row in gate["rows"] if row["finding"] != "skipped"]
    others = [row for row in shown if row["passes"] and row["tag"] not in ("", *LIGHTS)]
    yield from (_gate_row(row) for row in shown if row not in others)
    yield "</tbody></table>"
    if others:
        by_finding: dict[str, list[str]] = {}
        for row in others:
            by_finding.setdefault(row["finding"], []).append(row["tag"])
        text = "; ".join(f"{finding}: {', '.join(tags)}" for finding, tags in by_finding.items())
        yield f'<p class="note">No loss is shown on any other kind of clip or frame ({escape(text)}).</p>'


def _gate_row(row: dict[str, Any]) -> str:
    where = escape(row["tag"] or row["metric"]).replace("_", "_<wbr>") or escape(row["note"])
    interval = "" if row["low"] is None else f"{row['low']:+.3f} to {row['high']:+.3f}"
    cells = (
        ("", escape(row["rule"])),
        ("", where),
        ("right num more", _number(row["champion"])),
        ("right num more", _number(row["challenger"])),
        ("right num", _number(row["difference"], "+")),
        ("num soft more", interval),
        ("right num more", _number(row["allowed"], "+")),
        ("right num more", str(row["matches"] or "")),
        ("", escape(row["finding"] if row["passes"] else f"{row['finding']}: refused")),
    )
    return "<tr>" + "".join(f'<td class="{style}">{text}</td>' for style, text in cells) + "</tr>"


def _number(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.3f}"


def _facts(season: Season, seconds: float) -> Iterator[str]:
    amounts = season.amounts
    facts = {
        "footage": f"rendered football, 320 × 184 pixels; {amounts.train} matches to train on of day and of"
        f" night, {amounts.test} of each to compare by, {amounts.week} of each in a week; "
        f"{amounts.clips} clips of {amounts.frames} frames a match",
        "says nothing about": "real football: the season shows the loop, not the quality of a model",
        "played in": f"{seconds / 60:.1f} minutes",
        "records": f"{season.root}: decisions, retrainings, registry, and the report of every run in logs",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    yield f"<h2>What was played</h2><dl>{rows}</dl>"
