"""The report of a ball model, with examples of frames: ground truth and prediction."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

import cv2
import numpy as np

from raasid.evaluation.ball.matched import TOLERANCE_PX, FrameOutcome, OutcomeType
from raasid.evaluation.ball.result import BallResult
from raasid.evaluation.report_page import ReportPage, alternate, describe_intervals, format_number
from raasid.io.image_reader import Image, opencv_name
from raasid.reports.charts import MarkedPoint, Series, chart_grid, line_chart
from raasid.reports.document import Box, box_outline, data_uri, plural

Boxes = tuple[Box | None, Box | None]
"""Ground truth and prediction: centre and size in pixels of the image file."""

_CARD = (340.0, 122.0)
_FRAME = (216.0, 122.0)
_GAP = 2.0
_DENSITY = 1.7
_OUTSIDE = (249, 247, 246)
_TRUTH, _PREDICTION = "#56b4e9", "#f0e442"
_STYLES = ((_TRUTH, ""), (_PREDICTION, "3.5 2.5"))

KEY = (
    '<span class="key"><svg width="22" height="16" aria-hidden="true">'
    f'<rect x="3" y="2" width="16" height="12" fill="#3d5a3d" stroke="{_TRUTH}" stroke-width="2"/></svg>'
    "solid blue: the annotated ball</span>"
    '<span class="key"><svg width="22" height="16" aria-hidden="true">'
    f'<rect x="3" y="2" width="16" height="12" fill="#3d5a3d" stroke="{_PREDICTION}" stroke-width="2"'
    ' stroke-dasharray="3 2"/></svg>dashed yellow: the prediction</span>'
)


def select_examples(outcomes: Sequence[FrameOutcome], kind: OutcomeType, limit: int) -> list[FrameOutcome]:
    """Select informative examples of one outcome, from as many clips as possible.

    Errors: the most confident first. Misses: the largest ball first. Hits: from the least to the most
    confident in even steps, because easy hits show little.
    """
    matching = [outcome for outcome in outcomes if outcome.kind is kind]
    if kind is OutcomeType.HIT:
        ranked = sorted(matching, key=lambda o: (o.score, o.clip, o.index))
        steps = np.linspace(0, len(ranked) - 1, min(limit, len(ranked))).round().astype(int)
        return [ranked[i] for i in steps]
    ranked = sorted(matching, key=lambda o: (-_rank_score(o), o.clip, o.index))
    return alternate(ranked, lambda outcome: outcome.clip)[:limit]


def outcome_figure(outcome: FrameOutcome) -> str:
    """Draw one outcome: the whole frame on the left, enlarged details on the right."""
    image = cv2.imread(opencv_name(outcome.image), cv2.IMREAD_COLOR)
    if image is None:
        return (
            f'<figure class="note">{escape(str(outcome.image))} cannot be read.{_caption(outcome)}</figure>'
        )
    sx, sy = image.shape[1] / outcome.size[0], image.shape[0] / outcome.size[1]
    boxes = _boxes(outcome, sx, sy)
    height, width = image.shape[:2]
    parts = [_view(image, (0.0, 0.0, float(width), float(height)), (0.0, 0.0, *_FRAME), boxes)]
    x0 = _FRAME[0] + _GAP
    room = _CARD[0] - x0
    for centre, column, columns in _details(boxes, width, room / _CARD[1]):
        share = (room - _GAP * (columns - 1)) / columns
        left = x0 + column * (share + _GAP)
        parts.append(
            _view(image, _crop(centre, share / _CARD[1], width), (left, 0.0, share, _CARD[1]), boxes)
        )
    alt = escape(f"{outcome.kind.replace('_', ' ')} in {outcome.clip}, frame {outcome.index}", quote=True)
    frame = f'viewBox="0 0 {_CARD[0]:.0f} {_CARD[1]:.0f}" role="img" aria-label="{alt}"'
    return f"<figure><svg {frame}>{''.join(parts)}</svg>{_caption(outcome)}</figure>"


def _rank_score(outcome: FrameOutcome) -> float:
    if outcome.kind is OutcomeType.MISS and outcome.truth is not None:
        return outcome.truth.w * outcome.truth.h / outcome.size[0] ** 2
    return outcome.score


def _caption(outcome: FrameOutcome) -> str:
    facts = []
    if outcome.top is not None:
        facts.append(f"score {outcome.score:.2f}")
    if not math.isnan(outcome.distance_px):
        facts.append(f"{outcome.distance_px:.1f} px off")
    elif outcome.kind is OutcomeType.MISS and len(outcome.candidates.score):
        facts.append(f"best score only {float(outcome.candidates.score.max()):.2f}")
    facts += outcome.tags[:3]
    position = f"<b>{escape(outcome.clip)}</b> frame {outcome.index}"
    return f"<figcaption>{position}{''.join(' · ' + escape(fact) for fact in facts)}</figcaption>"


def _boxes(outcome: FrameOutcome, sx: float, sy: float) -> Boxes:
    ball, top, candidates = outcome.truth, outcome.top, outcome.candidates
    truth = None if ball is None else (ball.x * sx, ball.y * sy, ball.w * sx, ball.h * sy)
    if top is None:
        return truth, None
    (x, y), (w, h) = candidates.xy[top].tolist(), candidates.wh[top].tolist()
    return truth, (x * sx, y * sy, w * sx, h * sy)


def _details(boxes: Boxes, width: int, aspect: float) -> list[tuple[tuple[float, float], int, int]]:
    """Centres of the crops to enlarge: one for both boxes if they fit, else one each.

    Each with its column and the number of columns.
    """
    truth, predicted = boxes
    if truth is None or predicted is None:
        only = truth or predicted
        return [] if only is None else [((only[0], only[1]), 0, 1)]
    side = _side(width) / 2 * 0.75
    if abs(truth[0] - predicted[0]) < side * aspect * 2 and abs(truth[1] - predicted[1]) < side * 2:
        return [(((truth[0] + predicted[0]) / 2, (truth[1] + predicted[1]) / 2), 0, 1)]
    return [((truth[0], truth[1]), 0, 2), ((predicted[0], predicted[1]), 1, 2)]


def _side(width: int) -> float:
    """Height of a crop: about a fifteenth of the frame's width, at least 32 pixels."""
    return max(32.0, width / 15)


def _crop(centre: tuple[float, float], aspect: float, width: int) -> Box:
    side = _side(width)
    return centre[0] - side * aspect / 2, centre[1] - side / 2, side * aspect, side


def _view(image: Image, source: Box, target: Box, boxes: Boxes) -> str:
    """Draw a part of the image (corner and size) into a part of the card, with both boxes."""
    x, y, w, h = source
    left, top, width, height = target
    whole = w >= image.shape[1]
    scale = min(width / w, height / h)
    pixels = (max(1, round(w * scale * _DENSITY)), max(1, round(h * scale * _DENSITY)))
    if whole:
        shown = cv2.resize(image, pixels, interpolation=cv2.INTER_AREA)
    else:
        factor = pixels[0] / w
        affine = np.array([[factor, 0, -x * factor], [0, factor, -y * factor]])
        shown = cv2.warpAffine(image, affine, pixels, flags=cv2.INTER_CUBIC, borderValue=_OUTSIDE)
    parts = [
        f'<image width="{w * scale:.1f}" height="{h * scale:.1f}" preserveAspectRatio="none"'
        f' href="{data_uri(shown)}"/>'
    ]
    smallest = 9.0 if whole else 0.0
    for box, (colour, dash) in zip(boxes, _STYLES, strict=True):
        if box is not None:
            sides = max(box[2] * scale, smallest), max(box[3] * scale, smallest)
            parts.append(box_outline(((box[0] - x) * scale, (box[1] - y) * scale, *sides), colour, dash))
    # a nested svg clips its content
    frame = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f"<svg {frame}>{''.join(parts)}</svg>"


MAX_FIGURES = 12

_OUTCOME_TYPES = (
    (
        OutcomeType.MISLOCATED,
        "Mislocated",
        "A ball is visible, the model predicts another position; most confident first.",
    ),
    (OutcomeType.UNWANTED, "Unwanted", "No ball is visible; most confident first."),
    (OutcomeType.MISS, "Missed", "A ball is visible, nothing reaches the threshold; largest ball first."),
    (OutcomeType.HIT, "Hits", "From the least confident hit to the most confident."),
)


def _answer(result: BallResult) -> str:
    rate, false_positives = result["detection_rate"], result["false_positives"]
    if math.isnan(rate.value):
        return "No frame shows a visible ball: the detection rate is undefined."
    return (
        f'Finds the ball in <b class="num">{rate.value * 100:.1f} %</b> of the frames'
        f' that show it, and is wrong <b class="num">{format_number(false_positives.value * 100, 1)}</b>'
        " times in 100 images."
    )


def _description(result: BallResult) -> str:
    counts = f"{plural(result.counts['frames'], 'frame')}, {result.counts['with ball']} with a visible ball"
    counts += f", {plural(result.counts['matches'], 'match')}"
    hit = f"A hit is nearer than {TOLERANCE_PX:g} px at a frame width of 512 px"
    return f"{counts}. {hit}; threshold {result.threshold:.3f}. {describe_intervals(result)}"


def _examples(result: BallResult) -> Iterator[str]:
    if not result.outcomes:
        return
    counts = Counter(outcome.kind for outcome in result.outcomes)
    yield f"<h2>Examples</h2><p class=note>{KEY}</p>"
    for kind, title, meaning in _OUTCOME_TYPES:
        chosen = select_examples(result.outcomes, kind, MAX_FIGURES)
        shown = f", {len(chosen)} shown" if len(chosen) < counts[kind] else ""
        yield f"<h3>{title}: {counts[kind]} of {result.counts['frames']} frames{shown}</h3>"
        if chosen:
            yield f'<p class="note">{meaning}</p>'
            yield f'<div class="pictures">{"".join(map(outcome_figure, chosen))}</div>'


def _threshold_curves(result: BallResult) -> Iterator[str]:
    top, every = result.curves["top"], result.curves["all"]
    here = f"at {result.threshold:.2f}"
    rate, false_positives, precision = (
        result[name].value for name in ("detection_rate", "false_positives", "precision")
    )
    pairs = (("top candidate", top), ("all candidates", every))
    right = max(0.1, min(2.0, float(every.false_positives.max(initial=0.0))))
    yield "<h2>Other thresholds</h2>"
    yield (
        '<p class="note">The ring is the threshold in use. The system uses the top candidate of a frame;'
        " all candidates show what a tracker could choose from.</p>"
    )
    yield chart_grid(
        [
            line_chart(
                [Series(name, c.detection_rate.tolist(), c.precision.tolist()) for name, c in pairs],
                "detection rate",
                "Precision against detection rate (PR)",
                x_range=(0.0, 1.0),
                y_range=(0.0, 1.0),
                point=MarkedPoint(here, rate, precision),
            ),
            line_chart(
                [Series(name, c.false_positives.tolist(), c.detection_rate.tolist()) for name, c in pairs],
                "false positives per image",
                "Detection rate against false positives (FROC)",
                x_range=(0.0, right),
                y_range=(0.0, 1.0),
                point=MarkedPoint(here, false_positives, rate),
            ),
        ]
    )


PAGE: ReportPage[BallResult] = ReportPage(
    model="ball model",
    answer=_answer,
    description=_description,
    figures=(
        ("detection_rate", "detection rate"),
        ("false_positives", "false positives per image"),
        ("precision", "precision"),
        ("f1", "F1"),
    ),
    columns=(
        ("detection_rate", "detection rate"),
        ("false_positives", "false pos. per image"),
        ("precision", "precision"),
    ),
    examples=_examples,
    charts=_threshold_curves,
)
