"""The report of a context model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.probabilities import BINS
from raasid.evaluation.context.report_figures import KEY, caption_html, clip_figures
from raasid.evaluation.context.result import ContextResult
from raasid.evaluation.report_page import ReportPage, describe_intervals, format_number, interval_text
from raasid.laws.edition_lookup import get_edition
from raasid.reports.charts import MarkedPoint, Series, chart_grid, interval_bar, line_chart
from raasid.reports.document import plural
from raasid.reports.frame_figure import FRAME_KEY

MAX_FIGURES = 12
_DECISIONS = {"offence": "offence", "no_offence": "no offence", "abstained": "abstained"}


def _answer(result: ContextResult) -> str:
    accuracy, answered, coverage = (
        result[name].value for name in ("accuracy", "accuracy_answered", "coverage")
    )
    text = (
        f'Decides <b class="num">{accuracy * 100:.1f} %</b> of the clips correctly'
        f" ({escape(get_edition(result.edition).title)}), on {result.source} tracks."
    )
    if coverage < 1:
        text += (
            f' Of the <b class="num">{coverage * 100:.0f} %</b> on which it does not abstain,'
            f' <b class="num">{format_number(answered * 100, 1)} %</b> are right.'
        )
    return text


def _description(result: ContextResult) -> str:
    counts = (
        f"{plural(result.counts['clips'], 'clip')} of {plural(result.counts['matches'], 'match')}, "
        f"{plural(result.counts['offences'], 'offence')}"
    )
    others = [source for source in result.curves if source != result.source]
    auxiliary = f" Also evaluated: the same clips on {' and '.join(others)} tracks." if others else ""
    sparse = f" {plural(result.unruled, 'clip')} more are annotated too sparsely." if result.unruled else ""
    return (
        f"{counts}. The correct decision follows from the annotated facts; an abstention counts by the more "
        f"probable decision, except where abstentions are listed separately.{sparse}{auxiliary} "
        f"{describe_intervals(result)}"
    )


def _examples(result: ContextResult) -> Iterator[str]:
    if not result.outcomes:
        return
    wrong = sorted((o for o in result.outcomes if not o.is_correct), key=lambda o: (-o.confidence, o.ref.key))
    yield f"<h2>Errors</h2><p class=note>{KEY}</p><p class=note>{FRAME_KEY}</p>"
    for truth, title in (
        ("no_offence", "No offence, but predicted as one"),
        ("offence", "An offence, but not predicted as one"),
    ):
        errors = [outcome for outcome in wrong if outcome.truth == truth]
        total = sum(outcome.truth == truth for outcome in result.outcomes)
        yield f"<h3>{title}: {len(errors)} of {plural(total, 'clip')}</h3>"
        yield from _error_figures(errors, result)


def _error_figures(outcomes: Sequence[ClipOutcome], result: ContextResult) -> Iterator[str]:
    if not outcomes:
        return
    yield '<p class="note">The most confident first.</p>'
    chosen = outcomes[:MAX_FIGURES]
    figures = clip_figures(chosen, result.clips)
    if figures:
        yield f'<div class="pictures">{"".join(figures)}</div>'
    else:
        yield f"<ul>{''.join(f'<li>{caption_html(outcome)}</li>' for outcome in chosen)}</ul>"
    if len(outcomes) > len(chosen):
        yield f'<p class="note">… and {len(outcomes) - len(chosen)} more.</p>'


def _charts(result: ContextResult) -> Iterator[str]:
    yield "<h2>Calibration</h2>"
    ece, by_chance = result["ece"], result["ece_by_chance"]
    yield (
        f'<p class="note">Left: clips in {BINS} groups of equal size by the predicted probability of an'
        " offence; on the diagonal it happens as often as predicted. The mean distance is"
        f" {format_number(ece.value, 3)}; a perfectly calibrated model would show"
        f" {format_number(by_chance.value, 3)} on as many clips."
        " Right: the error rate if only the most confident clips are answered; the ring is the abstention"
        " in use.</p>"
    )
    yield chart_grid([_reliability(result), _risk(result)])
    yield f"<h3>Decisions</h3>{_confusion(result)}"
    if result.facts:
        yield "<h2>Facts</h2>"
        yield (
            '<p class="note">Only clips in which the fact is annotated; except for the touched part of the'
            " body, only touches. Majority: the accuracy of always predicting the most frequent value.</p>"
        )
        yield _facts(result)


def _reliability(result: ContextResult) -> str:
    bins = result.reliability
    model = Series("model", [one.probability for one in bins], [one.frequency for one in bins])
    return line_chart(
        [model, Series("perfect", (0.0, 1.0), (0.0, 1.0))],
        "predicted probability of an offence",
        "Share that are offences",
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
    )


def _risk(result: ContextResult) -> str:
    lines = [
        Series(f"{source} tracks", curve.coverage.tolist(), curve.risk.tolist())
        for source, curve in result.curves.items()
    ]
    top = max((max(line.y, default=0.0) for line in lines), default=0.0)
    here = MarkedPoint("in use", result["coverage"].value, 1 - result["accuracy_answered"].value)
    return line_chart(
        lines,
        "share of clips that are answered",
        "Error rate of the answered clips",
        x_range=(0.0, 1.0),
        y_range=(0.0, max(0.1, min(1.0, top * 1.05))),
        point=here,
    )


def _confusion(result: ContextResult) -> str:
    heads = "".join(f'<th class="right">{name}</th>' for name in _DECISIONS.values())
    rows = "".join(
        f"<tr><td>{_DECISIONS[truth]}</td>"
        + "".join(f'<td class="right num">{counts[key]}</td>' for key in _DECISIONS)
        + "</tr>"
        for truth, counts in result.confusion.items()
    )
    return f"<table><thead><tr><th>true decision</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _facts(result: ContextResult) -> str:
    rows = []
    for score in sorted(result.facts, key=lambda score: score.estimates["balanced_accuracy"].value):
        accuracy = score.estimates["accuracy"]
        others = "".join(
            f'<td class="right num">{format_number(score.estimates[name].value, 3)}</td>'
            for name in ("balanced_accuracy", "ece", "brier")
        )
        rows.append(
            f'<tr><td><code>{score.fact}</code></td><td class="right num">{score.clips}</td>'
            f'<td class="right num">{format_number(accuracy.value, 3)}</td>'
            f"<td>{interval_bar(accuracy.value, accuracy.low, accuracy.high, 160)}</td>"
            f'<td class="num soft">{interval_text(accuracy)}</td>'
            f'<td class="right num">{format_number(score.majority, 3)}</td>{others}</tr>'
        )
    heads = (
        '<th>fact</th><th class="right">clips</th><th class="right">accuracy</th><th></th>'
        '<th>95 % interval</th><th class="right">majority</th><th class="right">balanced</th>'
        '<th class="right">ECE</th><th class="right">Brier</th>'
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


PAGE: ReportPage[ContextResult] = ReportPage(
    model="context model",
    answer=_answer,
    description=_description,
    figures=(
        ("accuracy", "accuracy"),
        ("ece", "calibration error (ECE)"),
        ("macro_precision", "macro precision"),
        ("macro_recall", "macro recall"),
    ),
    columns=(
        ("accuracy", "accuracy"),
        ("coverage", "coverage"),
        ("false_offences", "false offences"),
    ),
    examples=_examples,
    charts=_charts,
)
