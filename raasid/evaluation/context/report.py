"""The report of a context model, with examples: the frame of the touch and the ball's path in the clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.probabilities import BINS
from raasid.evaluation.context.result import ContextResult
from raasid.evaluation.report_page import ReportPage, describe_intervals, format_number, interval_text
from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Ball, Clip, Frame, Visibility
from raasid.io.image_reader import ImageUnreadable
from raasid.laws.edition_lookup import get_edition
from raasid.reports.charts import MarkedPoint, Series, chart_grid, interval_bar, line_chart
from raasid.reports.document import Box, outlined, plural
from raasid.reports.frame_figure import FRAME_KEY, ToFigure, frame_figure

_PATH, _TRUE, _PREDICTED = "#f0e442", "#56b4e9", "#d55e00"
_GRASS = (70, 92, 62)
_UNKNOWN_SIZE = (640, 360)

KEY = (
    '<span class="key"><svg width="34" height="16" aria-hidden="true">'
    '<rect width="34" height="16" rx="2" fill="#3d5a3d"/>'
    + outlined('path d="M3 12L17 4L31 9"', _PATH)
    + "</svg>the ball's path; hollow dots: interpolated</span>"
    '<span class="key"><svg width="20" height="16" aria-hidden="true">'
    + outlined('circle cx="10" cy="8" r="6"', _TRUE)
    + "</svg>ring: the touch as annotated</span>"
    '<span class="key"><svg width="20" height="16" aria-hidden="true">'
    + outlined('path d="M5 3L15 13M15 3L5 13"', _PREDICTED)
    + "</svg>cross: the touch as predicted</span>"
)


def clip_figures(outcomes: Sequence[ClipOutcome], clips: Mapping[str, Clip]) -> list[str]:
    """Draw a figure per outcome whose clip is available; on plain grass if its images are not."""
    figures = []
    with FrameReader() as reader:
        for outcome in outcomes:
            clip = clips.get(outcome.ref.clip)
            if clip is not None and clip.frames:
                figures.append(_figure(outcome, clip, reader))
    return figures


def caption_html(outcome: ClipOutcome) -> str:
    """Return truth, prediction, probability and wrong facts as HTML."""
    prediction = outcome.prediction
    parts = [
        f"{outcome.truth.replace('_', ' ')}, predicted {outcome.predicted.replace('_', ' ')}",
        f"P(offence) {prediction.offence:.2f}" + (", abstained" if prediction.abstained else ""),
    ]
    wrong = []
    for name in prediction.facts:
        true, predicted = getattr(outcome.ref.facts, name), getattr(prediction.most_likely, name)
        if true is not None and true != predicted:
            wrong.append(f"{name} {_value_text(predicted)}, annotated {_value_text(true)}")
    parts += wrong[:3]
    if len(wrong) > 3:
        parts.append(f"{len(wrong) - 3} more facts wrong")
    parts += [tag for tag in outcome.tags if tag.startswith("scenario_")]
    return f"<b>{escape(outcome.ref.clip)}</b>" + "".join(f" · {escape(part)}" for part in parts)


def _figure(outcome: ClipOutcome, clip: Clip, reader: FrameReader) -> str:
    predicted, true = outcome.prediction.contact_frame, outcome.ref.contact
    moments = [at for at in (true, predicted) if at is not None and at < len(clip.frames)]
    position = moments[0] if moments else _nearest(clip)
    frame = clip.frames[position]
    try:
        image = reader.read(frame)
    except (ImageUnreadable, OSError):
        width, height = (frame.width, frame.height) if frame.width else _UNKNOWN_SIZE
        image = np.full((height, width, 3), _GRASS, np.uint8)
    balls = [each.balls[0] if each.balls else None for each in clip.frames]

    def overlay(to_figure: ToFigure) -> str:
        marks = [_path(balls, to_figure)]
        if true is not None:
            marks.append(_mark(_at(balls, true), to_figure, "circle", _TRUE))
        if predicted is not None:
            marks.append(_mark(_at(balls, predicted), to_figure, "cross", _PREDICTED))
        return "".join(marks)

    return frame_figure(image, frame, caption_html(outcome), focus=_focus(frame), overlay=overlay)


def _path(balls: Sequence[Ball | None], to_figure: ToFigure) -> str:
    known = [ball for ball in balls if ball is not None and ball.visibility != Visibility.ABSENT]
    if not known:
        return ""
    points = [to_figure(ball.x, ball.y) for ball in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" stroke="{_PATH}" stroke-width=".8" '
        f'fill="{_PATH if ball.visible else "#1b1f24"}"/>'
        for (x, y), ball in zip(points, known, strict=True)
    )
    return outlined(f'polyline points="{line}"', _PATH, width=0.8) + dots


def _mark(ball: Ball | None, to_figure: ToFigure, shape: str, colour: str) -> str:
    if ball is None or ball.visibility == Visibility.ABSENT:
        return ""
    x, y = to_figure(ball.x, ball.y)
    if shape == "circle":
        return outlined(f'circle cx="{x:.1f}" cy="{y:.1f}" r="7"', colour)
    return outlined(
        f'path d="M{x - 5:.1f} {y - 5:.1f}l10 10M{x + 5:.1f} {y - 5:.1f}l-10 10"', colour, width=1.8
    )


def _focus(frame: Frame) -> Box | None:
    """The ball and the person nearest to it: left, top, width, height."""
    if not frame.balls or frame.balls[0].visibility == Visibility.ABSENT:
        return None
    ball = frame.balls[0]
    near = min(frame.persons, key=lambda person: _distance(ball, person.box), default=None)
    x0, y0, x1, y1 = ball.x - ball.w, ball.y - ball.h, ball.x + ball.w, ball.y + ball.h
    if near is not None and _distance(ball, near.box) < 3 * near.box[3]:
        x, y, w, h = near.box
        x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x + w), max(y1, y + h)
    return x0, y0, x1 - x0, y1 - y0


def _nearest(clip: Clip) -> int:
    """The frame in which a person is closest to the ball; the middle of a clip without either."""
    gaps = [
        (min(_distance(frame.balls[0], person.box) for person in frame.persons), at)
        for at, frame in enumerate(clip.frames)
        if frame.balls and frame.balls[0].visibility != Visibility.ABSENT and frame.persons
    ]
    return min(gaps)[1] if gaps else len(clip.frames) // 2


def _distance(ball: Ball, box: Box) -> float:
    """Pixels from the ball's centre to a box; negative inside, the smaller the nearer to the middle."""
    x, y, w, h = box
    across, down = abs(ball.x - x - w / 2) - w / 2, abs(ball.y - y - h / 2) - h / 2
    outside = float(np.hypot(max(across, 0), max(down, 0)))
    return outside or max(across, down) / (w + h + 1)


def _at(balls: Sequence[Ball | None], position: int) -> Ball | None:
    return balls[position] if position < len(balls) else None


def _value_text(value: object) -> str:
    return "unknown" if value is None else str(value).lower()


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
