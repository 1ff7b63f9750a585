"""Examples for the context report: the frame of the touch, with the ball's path through the clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from raasid.evaluation.context.matched import ClipOutcome
from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Ball, Clip, Frame, Visibility
from raasid.io.image_reader import ImageUnreadable
from raasid.reports.document import Box, outlined
from raasid.reports.frame_figure import ToFigure, frame_figure

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
