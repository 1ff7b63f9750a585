"""The part of season.html with the evidence: what drifted, what the gate found, what the new Law changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from raasid.deploy.verdict import GateRow
from raasid.evaluation.report_page import interval_text
from raasid.reports.charts import interval_bar
from raasid.stats.bootstrap import Estimate
from raasid.triggers.decision_record import Decision

from .footage import KINDS
from .story import LawChange, Outcome

_MAX_FEATURES = 6


def drift_evidence(decision: Decision | None) -> Iterator[str]:
    """Yield the features that drifted most in the check that fired; nothing if none did."""
    if decision is None:
        return
    drifting = [row for row in decision.evidence if row["verdict"] == "drift"]
    yield "<h2>Why the drift trigger fired</h2>"
    yield (
        '<p class="note">The footage of the week, and what the model says of it, is compared with what the'
        " version in service was trained on; no labels are needed. A feature drifts if its shift is large (at"
        " least 0.10 standard deviations) and more than chance: matches are exchanged between both sides at"
        " random, and p is corrected for the number of features."
        f" {len(drifting)} of {len(decision.evidence)} features drift.</p>"
    )
    yield '<table><thead><tr><th>feature</th><th class="more">of</th><th class="right">shift</th>'
    yield '<th class="right">corrected p</th><th>verdict</th></tr></thead><tbody>'
    for row in decision.evidence[:_MAX_FEATURES]:
        yield (
            f"<tr><td>{escape(str(row['feature']).replace('_', ' '))}</td>"
            f'<td class="more">{escape(str(row["part"]))}</td>'
            f'<td class="right num">{float(str(row["effect"])):.2f}</td>'
            f'<td class="right num">{float(str(row["adjusted_p"])):.4f}</td>'
            f"<td>{escape(str(row['verdict']).replace('_', ' '))}</td></tr>"
        )
    yield "</tbody></table>"


def gate_verdicts(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield what the gate found in each retraining."""
    yield "<h2>What the gate found</h2>"
    yield (
        '<p class="note">A new version goes into service only if it is shown to lose no more than a margin'
        " overall, if no larger loss is shown on any kind of match, and if its false balls do not more than"
        " double. Both versions see the same held-out matches, which neither was trained on.</p>"
    )
    for one in outcomes:
        verdict = "passed" if one.gate.passed else "refused"
        name = one.done.model.replace("_", " ")
        yield f"<h3>Week {one.week}: {name} {one.done.version}, {one.done.action} retraining: {verdict}</h3>"
        yield f'<p class="note">{escape(one.gate.reason)}.</p>'
        yield '<table><thead><tr><th>on</th><th class="right">before</th><th class="right">after</th>'
        yield '<th class="right">difference</th><th class="more">limits, each at 95 %</th><th>finding</th>'
        yield f"</tr></thead><tbody>{''.join(_gate_row(row) for row in _shown(one))}</tbody></table>"


def _shown(one: Outcome) -> list[GateRow]:
    """Return the overall row, those of the season's kinds of matches, and those that refuse."""
    return [
        row
        for row in one.gate.rows
        if row.rule == "overall" or (row.rule == "tag" and row.tag in KINDS) or not row.passes
    ]


def _gate_row(row: GateRow) -> str:
    where = row.tag or ("all test matches" if row.rule == "overall" else row.metric or row.rule)
    found = row.finding if row.passes else f"{row.finding}: refused"
    measured = row.metric != ""
    cells = (
        ("", escape(where.replace("_", " "))),
        ("right num", f"{row.champion:.3f}" if measured else ""),
        ("right num", f"{row.challenger:.3f}" if measured else ""),
        ("right num", f"{row.difference:+.3f}" if measured else ""),
        ("num soft more", f"{row.low:+.3f} to {row.high:+.3f}" if measured else ""),
        ("", escape(found)),
    )
    return "<tr>" + "".join(f'<td class="{style}">{text}</td>' for style, text in cells) + "</tr>"


def law_figures(law: LawChange | None) -> Iterator[str]:
    """Yield how well the context model decides by the new Law, before and after."""
    if law is None:
        return
    old, new = (
        edition.removeprefix("ifab_").replace("_", "/") for edition in (law.old_edition, law.new_edition)
    )
    yield "<h2>The new Law</h2>"
    yield (
        f'<p class="note">The Laws of {old} called every arm that makes the body bigger an offence; those'
        f" of {new} do not where the movement justifies it. That reverses {law.reversed} of {law.clips}"
        " decisions. Annotations store what can be seen, and the decisions follow from that: nobody annotates"
        f" again. Share of the clips of {law.retrained.n} test matches decided as the Laws of {new} want it:"
        "</p>"
    )
    rows = (
        (f"old version, if it goes on deciding by the Laws of {old}", law.as_before),
        (f"old version, what it sees decided by the Laws of {new}", law.same_facts),
        (f"new version, trained on the labels of {new}", law.retrained),
    )
    yield f"<table><tbody>{''.join(_bar_row(name, estimate) for name, estimate in rows)}</tbody></table>"


def _bar_row(name: str, estimate: Estimate) -> str:
    bar = interval_bar(estimate.value, estimate.low, estimate.high, width=180)
    return (
        f'<tr><td>{escape(name)}</td><td class="more">{bar}</td>'
        f'<td class="right num">{estimate.value:.3f}</td>'
        f'<td class="num soft">{interval_text(estimate)}</td></tr>'
    )
