"""The context model's part of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.probabilities import BINS
from raasid.evaluation.context.report_figures import KEY, caption, clip_pictures
from raasid.evaluation.context.result import ContextResult
from raasid.evaluation.report_page import Page, between, intervals_in_words, number, plural
from raasid.reports.charts import Line, Point, chart_grid, interval_bar, line_chart
from raasid.reports.frame_figure import FRAME_KEY

PICTURES = 12
_WORDS = {"offence": "offence", "no_offence": "no offence", "abstained": "abstained"}


def _answer(result: ContextResult) -> str:
    right, answered, coverage = (result[name].value for name in ("accuracy", "accuracy_answered", "coverage"))
    text = (
        f'Rules <b class="num">{right * 100:.1f} %</b> of the clips as the Law of'
        f" {escape(result.edition.replace('_', '/'))} asks, on {result.source} tracks."
    )
    if coverage < 1:
        text += (
            f' Of the <b class="num">{coverage * 100:.0f} %</b> on which it does not abstain,'
            f' <b class="num">{number(answered * 100, 1)} %</b> are right.'
        )
    return text


def _ground(result: ContextResult) -> str:
    counts = (
        f"{plural(result.counts['clips'], 'clip')} of {plural(result.counts['matches'], 'match')}, "
        f"{plural(result.counts['offences'], 'offence')}"
    )
    others = [source for source in result.curves if source != result.source]
    beside = f" Beside it, the same clips on {' and '.join(others)} tracks." if others else ""
    sparse = f" {plural(result.unruled, 'clip')} more are annotated too sparsely." if result.unruled else ""
    return (
        f"{counts}. What is right follows from the annotated facts; an abstention counts by the likelier "
        f"decision, except where abstentions are told apart.{sparse}{beside} {intervals_in_words(result)}"
    )


def _pictures(result: ContextResult) -> Iterator[str]:
    if not result.outcomes:
        return
    wrong = sorted((o for o in result.outcomes if not o.right), key=lambda o: (-o.confidence, o.ref.key))
    yield f"<h2>What it gets wrong</h2><p class=note>{KEY}</p><p class=note>{FRAME_KEY}</p>"
    for truth, title in (
        ("no_offence", "Called an offence, and is none"),
        ("offence", "An offence, and not called one"),
    ):
        its = [outcome for outcome in wrong if outcome.truth == truth]
        having = sum(outcome.truth == truth for outcome in result.outcomes)
        yield f"<h3>{title}: {len(its)} of {plural(having, 'clip')}</h3>"
        yield from _shown(its, result)


def _shown(outcomes: Sequence[ClipOutcome], result: ContextResult) -> Iterator[str]:
    if not outcomes:
        return
    yield '<p class="note">The most confident first.</p>'
    chosen = outcomes[:PICTURES]
    figures = clip_pictures(chosen, result.clips)
    if figures:
        yield f'<div class="pictures">{"".join(figures)}</div>'
    else:
        yield f"<ul>{''.join(f'<li>{caption(outcome)}</li>' for outcome in chosen)}</ul>"
    if len(outcomes) > len(chosen):
        yield f'<p class="note">… and {len(outcomes) - len(chosen)} more.</p>'


def _charts(result: ContextResult) -> Iterator[str]:
    yield "<h2>Can its confidence be believed?</h2>"
    ece, chance = result["ece"], result["ece_by_chance"]
    yield (
        f'<p class="note">Left: clips in {BINS} groups of equal size by the stated probability of an offence;'
        f" on the diagonal it happens as often as stated. The mean distance is {number(ece.value, 3)}; a"
        f" perfectly calibrated model would show {number(chance.value, 3)} on as many clips by chance alone."
        " Right: what share is wrong if only the most confident are answered; the ring is the abstention"
        " in use.</p>"
    )
    yield chart_grid([_reliability(result), _risk(result)])
    yield f"<h3>Decisions</h3>{_confusion(result)}"
    if result.facts:
        yield "<h2>Fact by fact</h2>"
        yield (
            '<p class="note">Only clips whose annotation says what is true; all but the touched part of the'
            " body only where the ball touches somebody. Commonest: what saying always the same gets right."
            " </p>"
        )
        yield _facts(result)


def _reliability(result: ContextResult) -> str:
    bins = result.reliability
    stated = Line("stated against happened", [part.said for part in bins], [part.came for part in bins])
    return line_chart(
        [stated, Line("perfect", (0.0, 1.0), (0.0, 1.0))],
        "stated probability of an offence",
        "Share that are offences",
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
    )


def _risk(result: ContextResult) -> str:
    lines = [
        Line(f"{source} tracks", curve.coverage.tolist(), curve.risk.tolist())
        for source, curve in result.curves.items()
    ]
    top = max((max(line.y, default=0.0) for line in lines), default=0.0)
    here = Point("in use", result["coverage"].value, 1 - result["accuracy_answered"].value)
    return line_chart(
        lines,
        "share of clips that are answered",
        "Share of the answered that are wrong",
        x_range=(0.0, 1.0),
        y_range=(0.0, max(0.1, min(1.0, top * 1.05))),
        point=here,
    )


def _confusion(result: ContextResult) -> str:
    heads = "".join(f'<th class="right">{word}</th>' for word in _WORDS.values())
    rows = "".join(
        f"<tr><td>{_WORDS[truth]}</td>"
        + "".join(f'<td class="right num">{said[key]}</td>' for key in _WORDS)
        + "</tr>"
        for truth, said in result.confusion.items()
    )
    return f"<table><thead><tr><th>truly</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _facts(result: ContextResult) -> str:
    rows = []
    for score in sorted(result.facts, key=lambda score: score.estimates["balanced_accuracy"].value):
        right = score.estimates["accuracy"]
        others = "".join(
            f'<td class="right num">{number(score.estimates[name].value, 3)}</td>'
            for name in ("balanced_accuracy", "ece", "brier")
        )
        rows.append(
            f'<tr><td><code>{score.fact}</code></td><td class="right num">{score.clips}</td>'
            f'<td class="right num">{number(right.value, 3)}</td>'
            f"<td>{interval_bar(right.value, right.low, right.high, 160)}</td>"
            f'<td class="num soft">{between(right)}</td>'
            f'<td class="right num">{number(score.commonest, 3)}</td>{others}</tr>'
        )
    heads = (
        '<th>fact</th><th class="right">clips</th><th class="right">accuracy</th><th></th>'
        '<th>95 % interval</th><th class="right">commonest</th><th class="right">balanced</th>'
        '<th class="right">ECE</th><th class="right">Brier</th>'
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


PAGE: Page[ContextResult] = Page(
    model="context model",
    answer=_answer,
    ground=_ground,
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
    pictures=_pictures,
    charts=_charts,
)
