"""`review.html`: one clip on one page, the answer first; readable in print and without a network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import cv2
import numpy as np

from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Ball, Frame, Keypoint, Person
from raasid.io.image_reader import Image, ImageUnreadable
from raasid.laws.edition_lookup import get_edition
from raasid.reports.charts import interval_bar
from raasid.reports.document import plural, write_document
from raasid.reports.frame_figure import FRAME_KEY, frame_figure
from raasid.review.annotated_video import FILE_NAME as VIDEO
from raasid.review.decision import (
    Decision,
    FactPrediction,
    WindowPrediction,
    contact_text,
    headline,
    restart_text,
)
from raasid.review.judge_clip import ClipVerdict
from raasid.review.perceived_frames import PerceivedFrames
from raasid.review.timeline import timeline

FILE_NAME = "review.html"
_NEIGHBOURS = (-4, -2, 2, 4)
"""Frames before and after the decisive moment that are shown with it."""
_MAX_ROWS = 40
_FOUR_A_ROW = '<div class="pictures" style="grid-template-columns:repeat(4,1fr)">'

Box = tuple[float, float, float, float]
"""Left, top, width, height."""


def write_review_page(
    folder: Path, perceived: PerceivedFrames, verdict: ClipVerdict, decision: Decision
) -> Path:
    """Write FOLDER/review.html and return its path."""
    sections = (
        _answer(decision),
        _moment(perceived, verdict, decision),
        _timeline(verdict, decision, (folder / VIDEO).is_file()),
        _facts(decision),
        _other_moments(decision),
        _editions(decision),
        _caveats(decision),
    )
    parts = [part for section in sections for part in section]
    return write_document(folder / FILE_NAME, f"{decision.clip}: {headline(decision).lower()}", parts)


def _answer(decision: Decision) -> Iterator[str]:
    title = get_edition(decision.edition).title
    yield f'<header><div class="kicker">RAASID review · {escape(decision.source)} · {escape(title)}</div>'
    yield f"<h1>{headline(decision)}</h1>"
    if decision.abstained:
        yield '<p class="answer">The review abstains.</p><ul>'
        yield "".join(f"<li>{escape(_capital(reason))}</li>" for reason in decision.reasons) + "</ul>"
    else:
        clause = f", by the clause <code>{escape(decision.clause)}</code>" if decision.clause else ""
        yield f'<p class="answer"><b>{escape(_capital(restart_text(decision)))}</b>{clause}.'
        if decision.wording == "discretionary":
            yield " The wording leaves this to the referee."
        yield "</p>"
    yield _figures(decision) + "</header>"


def _figures(decision: Decision) -> str:
    evidence = decision.stands_on
    offence = decision.offence_probability
    cells = [
        ("probability of an offence", "–" if offence is None else f"{offence:.2f}", offence, "first"),
        ("confidence in the decision", f"{decision.confidence:.2f}", decision.confidence, "first"),
        ("ball seen", f"{evidence.ball_seen:.0%}", evidence.ball_seen, ""),
        ("players in a frame", f"{evidence.players_per_frame:.1f}", None, ""),
    ]
    shown = []
    for name, value, share, size in cells:
        nan = float("nan")
        bar = "" if share is None else interval_bar(share, nan, nan, width=250 if size else 180)
        shown.append(
            f'<div class="figure {size}"><div class="name">{name}</div><div class="value num">{value}</div>'
            f"{bar}</div>"
        )
    return f'<div class="headline">{"".join(shown)}</div>'


def _moment(perceived: PerceivedFrames, verdict: ClipVerdict, decision: Decision) -> Iterator[str]:
    decisive, contact = verdict.decisive, decision.contact
    if decisive is None or contact is None:
        middle = perceived.video.frames // 2
        yield "<h2>The middle of the clip</h2>"
        yield f'<p class="note">{FRAME_KEY}</p>'
        yield _frame_figures(perceived, [middle], decision, None, 1100)
        return
    yield f"<h2>The moment that decides: {contact.time_s:.2f} s</h2>"
    yield f'<p class="note">{escape(_capital(contact_text(decision)))}. {FRAME_KEY}</p>'
    focus = _focus(perceived, verdict, contact.frame)
    yield _frame_figures(perceived, [contact.frame], decision, focus, 1100)
    last = perceived.video.frames - 1
    around = [contact.frame + step for step in _NEIGHBOURS if 0 <= contact.frame + step <= last]
    if around:
        yield _FOUR_A_ROW + _frame_figures(perceived, around, decision, focus, 260, close=True) + "</div>"


def _focus(perceived: PerceivedFrames, verdict: ClipVerdict, at: int) -> Box | None:
    """The ball with an arm's length around it, in pixels of the footage."""
    (frame,) = perceived.frames(at, at + 1)
    if not frame.balls:
        return None
    ball, arm = frame.balls[0], float(verdict.arm_distance.arm_px[at])
    half = max(1.6 * arm if math.isfinite(arm) else 0.0, 2.0 * max(ball.w, ball.h), 12.0)
    return ball.x - half, ball.y - half, 2 * half, 2 * half


def _frame_figures(
    perceived: PerceivedFrames,
    at: Sequence[int],
    decision: Decision,
    focus: Box | None,
    width: int,
    close: bool = False,
) -> str:
    figures = []
    with FrameReader() as reader:
        for index in at:
            (frame,) = perceived.frames(index, index + 1)
            caption = f"<b>{index / decision.stands_on.frame_rate_hz:.2f} s</b>, frame {index}"
            try:
                image = reader.frame(frame.image, index)
            except ImageUnreadable as error:
                figures.append(f"<figure><figcaption>{caption}: {escape(str(error))}</figcaption></figure>")
                continue
            if close and focus is not None:
                image, frame = crop_frame(image, frame, focus)
            figures.append(frame_figure(image, frame, caption, focus=None if close else focus, width=width))
    return "".join(figures)


def crop_frame(image: Image, frame: Frame, part: Box, pixels: int = 360) -> tuple[Image, Frame]:
    """Enlarge a square around `part` to `pixels`, with its annotations; outside the image it is grey."""
    left, top, width, height = part
    side = max(width, height)
    left, top = left + (width - side) / 2, top + (height - side) / 2
    zoom = pixels / side
    affine = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]])
    interpolation = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
    shown = cv2.warpAffine(image, affine, (pixels, pixels), flags=interpolation, borderValue=(236, 236, 236))

    def move_ball(one: Ball) -> Ball:
        x, y = (one.x - left) * zoom, (one.y - top) * zoom
        return replace(one, x=x, y=y, w=one.w * zoom, h=one.h * zoom)

    def move_joint(point: Keypoint) -> Keypoint:
        x, y, visibility = point
        return (x - left) * zoom, (y - top) * zoom, visibility

    def move_person(one: Person) -> Person:
        x, y, w, h = one.box
        box = ((x - left) * zoom, (y - top) * zoom, w * zoom, h * zoom)
        return replace(one, box=box, keypoints=tuple(map(move_joint, one.keypoints)))

    near = [one for one in frame.persons if _overlaps(one.box, (left, top, side, side))]
    moved = replace(
        frame,
        width=pixels,
        height=pixels,
        balls=tuple(map(move_ball, frame.balls)),
        persons=tuple(map(move_person, near)),
    )
    return np.asarray(shown, np.uint8), moved


def _overlaps(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _timeline(verdict: ClipVerdict, decision: Decision, has_video: bool) -> Iterator[str]:
    yield "<h2>The whole clip</h2>"
    yield timeline(verdict.arm_distance, decision)
    evidence = decision.stands_on
    video = f"{VIDEO} shows it (MPEG-4: some browsers cannot play it)." if has_video else ""
    yield (
        f'<p class="note">{plural(evidence.frames, "frame")} of {evidence.width} × {evidence.height} pixels'
        f" at {evidence.frame_rate_hz:g} a second; {plural(evidence.players, 'track')} of players. "
        f"{video}</p>"
    )


def _facts(decision: Decision) -> Iterator[str]:
    if not decision.facts:
        return
    yield "<h2>What was seen of the touch</h2>"
    yield '<p class="note">The facts that the ruling uses, and their probabilities. A dash: unknown.</p>'
    rows = "".join(_fact(name, fact) for name, fact in decision.facts.items())
    yield (
        '<table><thead><tr><th>fact</th><th>value</th><th class="right">probability</th><th></th>'
        f"<th>other values</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _fact(name: str, fact: FactPrediction) -> str:
    value = "–" if fact.value is None else str(fact.value).lower().replace("_", " ")
    nan = float("nan")
    bar = "" if fact.probability is None else interval_bar(fact.probability, nan, nan, 160)
    number = "–" if fact.probability is None else f"{fact.probability:.2f}"
    chosen = str(fact.value).lower()
    ranked = sorted(fact.probabilities.items(), key=lambda item: -item[1])
    others = ", ".join(
        f"{word.replace('_', ' ')} {p:.2f}" for word, p in ranked if word != chosen and p >= 0.01
    )
    return (
        f"<tr><td>{escape(name.replace('_', ' '))}</td><td>{escape(value)}</td>"
        f'<td class="right num">{number}</td><td>{bar}</td><td class="soft">{escape(others)}</td></tr>'
    )


def _other_moments(decision: Decision) -> Iterator[str]:
    if len(decision.windows) < 2:
        return
    yield "<h2>Other moments</h2>"
    yield '<p class="note">Each approach of the ball to an arm is judged on its own, worst first.</p>'
    ranked = sorted(decision.windows, key=lambda window: -(window.offence_probability or 0.0))
    rate = decision.stands_on.frame_rate_hz
    rows = "".join(_moment_row(window, rate) for window in ranked[:_MAX_ROWS])
    yield (
        '<table><thead><tr><th>time</th><th class="right">ball to arm, pixels</th>'
        '<th class="right">offence</th><th></th><th>model</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _moment_row(window: WindowPrediction, rate: float) -> str:
    p, nan = window.offence_probability, float("nan")
    note = "cannot be told" if p is None else "low confidence" if window.abstained else ""
    return (
        f'<tr><td class="num">{window.nearest / rate:.2f} s</td>'
        f'<td class="right num">{"–" if window.gap_px is None else f"{window.gap_px:.1f}"}</td>'
        f'<td class="right num">{"–" if p is None else f"{p:.2f}"}</td>'
        f"<td>{'' if p is None else interval_bar(p, nan, nan, 160)}</td>"
        f"<td>{note}</td></tr>"
    )


def _editions(decision: Decision) -> Iterator[str]:
    if not decision.other_editions:
        return
    yield "<h2>The same facts under other Laws</h2>"
    if decision.abstained:
        yield '<p class="note">What each edition decides on the most likely facts, if they were right.</p>'
    nan = float("nan")
    rows = []
    for other in decision.other_editions:
        mark = " class=whole" if other.edition == decision.edition else ""
        answer = {"offence": "offence", "no_offence": "no offence", None: "open"}[other.decision]
        p = other.offence_probability
        bar = "" if p is None else interval_bar(p, nan, nan, 120)
        number = "–" if p is None else f"{p:.2f}"
        rows.append(
            f"<tr{mark}><td>{escape(get_edition(other.edition).title)}</td><td>{answer}</td>"
            f"<td>{escape(restart_text(other))}</td><td><code>{escape(other.clause or '–')}</code></td>"
            f'<td class="right num">{number}</td><td>{bar}</td></tr>'
        )
    yield (
        "<table><thead><tr><th>edition</th><th>decision</th><th>restart</th><th>clause</th>"
        f'<th class="right">offence</th><th></th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _caveats(decision: Decision) -> Iterator[str]:
    yield "<h2>Limits</h2>"
    limits = [
        *decision.limits,
        "The review sees one camera: it does not see depth, nor anything outside the image.",
        "It assists a referee; it does not replace one.",
    ]
    yield "<ul>" + "".join(f"<li>{escape(_capital(limit))}</li>" for limit in limits) + "</ul>"
    yield "<h2>Models</h2><dl>"
    for name, model in decision.models.items():
        yield (
            f"<dt>{escape(name)}</dt><dd>{escape(model.file)} "
            f'<span class="soft"><code>{model.sha256[:12]}</code></span></dd>'
        )
    yield "</dl>"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
