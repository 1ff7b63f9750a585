"""`review.html`: one clip on one page, the answer first; readable in print and without a network.

A part of a frame as a frame of its own, annotations and all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import cv2
import numpy as np

from raasid.evaluation.report_page import plural
from raasid.footage.media import Image, Media
from raasid.footage.records import Ball, Frame, Keypoint, Person
from raasid.io.image_header import ImageUnreadable
from raasid.laws.edition_lookup import edition_named
from raasid.reports.charts import interval_bar
from raasid.reports.document import write_document
from raasid.reports.frame_figure import FRAME_KEY, frame_picture
from raasid.review.annotated_video import FILE_NAME as VIDEO
from raasid.review.decision import Decision, FactSaid, WindowSaid
from raasid.review.decision_writer import headline, restart_in_words, touch_in_words
from raasid.review.judge_clip import Verdict
from raasid.review.perceived_frames import Stretches
from raasid.review.timeline import timeline

Part = tuple[float, float, float, float]


def cut_out(image: Image, frame: Frame, part: Part, pixels: int = 360) -> tuple[Image, Frame]:
    """Enlarge a square round `part` (left, top, width, height) to `pixels`; what lies outside is grey."""
    left, top, width, height = part
    side = max(width, height)
    left, top = left + (width - side) / 2, top + (height - side) / 2
    zoom = pixels / side
    move = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]])
    how = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
    shown = cv2.warpAffine(image, move, (pixels, pixels), flags=how, borderValue=(236, 236, 236))

    def ball(one: Ball) -> Ball:
        x, y = (one.x - left) * zoom, (one.y - top) * zoom
        return replace(one, x=x, y=y, w=one.w * zoom, h=one.h * zoom)

    def joint(point: Keypoint) -> Keypoint:
        x, y, visibility = point
        return (x - left) * zoom, (y - top) * zoom, visibility

    def person(one: Person) -> Person:
        x, y, w, h = one.box
        box = ((x - left) * zoom, (y - top) * zoom, w * zoom, h * zoom)
        return replace(one, box=box, keypoints=tuple(map(joint, one.keypoints)))

    near = [one for one in frame.persons if _meets(one.box, (left, top, side, side))]
    moved = replace(
        frame,
        width=pixels,
        height=pixels,
        balls=tuple(map(ball, frame.balls)),
        persons=tuple(map(person, near)),
    )
    return np.asarray(shown, np.uint8), moved


def _meets(a: Part, b: Part) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


FILE_NAME = "review.html"
_AROUND = (-4, -2, 2, 4)
"""Frames before and after the moment that are shown beside it."""
_MOST_ROWS = 40
_TWO_A_ROW = '<div class="pictures" style="grid-template-columns:1fr 1fr">'
_FOUR_A_ROW = '<div class="pictures" style="grid-template-columns:repeat(4,1fr)">'


def write_review_page(folder: Path, stretches: Stretches, verdict: Verdict, said: Decision) -> Path:
    """Write FOLDER/review.html and return it."""
    sections = (
        _answer(said),
        _moment(stretches, verdict, said),
        _timeline(verdict, said, (folder / VIDEO).is_file()),
        _facts(said),
        _moments(said),
        _editions(said),
        _ground(said),
    )
    parts = [part for section in sections for part in section]
    return write_document(folder / FILE_NAME, f"{said.clip}: {headline(said).lower()}", parts)


def _answer(said: Decision) -> Iterator[str]:
    title = edition_named(said.edition).title
    yield f'<header><div class="kicker">RAASID review · {escape(said.source)} · {escape(title)}</div>'
    yield f"<h1>{headline(said)}</h1>"
    if said.abstained:
        yield '<p class="answer">The review keeps its opinion to itself.</p><ul>'
        yield "".join(f"<li>{escape(_capital(reason))}</li>" for reason in said.reasons) + "</ul>"
    else:
        clause = f", by the clause <code>{escape(said.clause)}</code>" if said.clause else ""
        yield f'<p class="answer"><b>{escape(_capital(restart_in_words(said)))}</b>{clause}.'
        if said.wording == "discretionary":
            yield " The wording leaves this to the referee."
        yield "</p>"
    yield _figures(said) + "</header>"


def _figures(said: Decision) -> str:
    stands = said.stands_on
    offence = said.offence_probability
    cells = [
        ("probability of an offence", "–" if offence is None else f"{offence:.2f}", offence, "first"),
        ("confidence in the decision", f"{said.confidence:.2f}", said.confidence, "first"),
        ("ball seen", f"{stands.ball_seen:.0%}", stands.ball_seen, ""),
        ("players in a frame", f"{stands.players_per_frame:.1f}", None, ""),
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


def _moment(stretches: Stretches, verdict: Verdict, said: Decision) -> Iterator[str]:
    decisive, contact = verdict.decisive, said.contact
    if decisive is None or contact is None:
        middle = stretches.film.frames // 2
        yield "<h2>The middle of the clip</h2>"
        yield f'<p class="note">{FRAME_KEY}</p>'
        yield _pictures(stretches, [middle], said, None, 1100)
        return
    yield f"<h2>The moment that decides: {contact.time_s:.2f} s</h2>"
    yield f'<p class="note">{escape(_capital(touch_in_words(said)))}. {FRAME_KEY}</p>'
    focus = _focus(stretches, verdict, contact.frame)
    yield _pictures(stretches, [contact.frame], said, focus, 1100)
    last = stretches.film.frames - 1
    around = [contact.frame + step for step in _AROUND if 0 <= contact.frame + step <= last]
    if around:
        yield _FOUR_A_ROW + _pictures(stretches, around, said, focus, 260, close=True) + "</div>"


def _focus(stretches: Stretches, verdict: Verdict, at: int) -> tuple[float, float, float, float] | None:
    """The ball with an arm's length round it, in pixels of the footage."""
    (frame,) = stretches.frames(at, at + 1)
    if not frame.balls:
        return None
    ball, arm = frame.balls[0], float(verdict.reach.arm_px[at])
    half = max(1.6 * arm if math.isfinite(arm) else 0.0, 2.0 * max(ball.w, ball.h), 12.0)
    return ball.x - half, ball.y - half, 2 * half, 2 * half


def _pictures(
    stretches: Stretches,
    at: Sequence[int],
    said: Decision,
    focus: tuple[float, float, float, float] | None,
    width: int,
    close: bool = False,
) -> str:
    figures = []
    with Media() as media:
        for index in at:
            (frame,) = stretches.frames(index, index + 1)
            caption = f"<b>{index / said.stands_on.frame_rate_hz:.2f} s</b>, frame {index}"
            try:
                image = media.frame(frame.image, index)
            except ImageUnreadable as error:
                figures.append(f"<figure><figcaption>{caption}: {escape(str(error))}</figcaption></figure>")
                continue
            if close and focus is not None:
                image, frame = cut_out(image, frame, focus)
            figures.append(frame_picture(image, frame, caption, focus=None if close else focus, width=width))
    return "".join(figures)


def _timeline(verdict: Verdict, said: Decision, has_video: bool) -> Iterator[str]:
    yield "<h2>The whole clip</h2>"
    yield timeline(verdict.reach, said)
    stands = said.stands_on
    video = f"{VIDEO} shows it (MPEG-4: some browsers cannot play it)." if has_video else ""
    yield (
        f'<p class="note">{plural(stands.frames, "frame")} of {stands.width} × {stands.height} pixels at '
        f"{stands.frame_rate_hz:g} a second; {plural(stands.players, 'track')} of players. "
        f"{video}</p>"
    )


def _facts(said: Decision) -> Iterator[str]:
    if not said.facts:
        return
    yield "<h2>What was seen of the touch</h2>"
    yield '<p class="note">What the ruling stands on, and how probable each is. A dash: not told.</p>'
    rows = "".join(_fact(name, fact) for name, fact in said.facts.items())
    yield (
        '<table><thead><tr><th>fact</th><th>value</th><th class="right">probability</th><th></th>'
        f"<th>other values</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _fact(name: str, fact: FactSaid) -> str:
    value = "–" if fact.value is None else str(fact.value).lower().replace("_", " ")
    nan = float("nan")
    bar = "" if fact.probability is None else interval_bar(fact.probability, nan, nan, 160)
    number = "–" if fact.probability is None else f"{fact.probability:.2f}"
    own = str(fact.value).lower()
    ranked = sorted(fact.probabilities.items(), key=lambda item: -item[1])
    others = ", ".join(f"{word.replace('_', ' ')} {p:.2f}" for word, p in ranked if word != own and p >= 0.01)
    return (
        f"<tr><td>{escape(name.replace('_', ' '))}</td><td>{escape(value)}</td>"
        f'<td class="right num">{number}</td><td>{bar}</td><td class="soft">{escape(others)}</td></tr>'
    )


def _moments(said: Decision) -> Iterator[str]:
    if len(said.windows) < 2:
        return
    yield "<h2>Other moments</h2>"
    yield '<p class="note">Each approach of the ball to an arm is judged by itself, worst first.</p>'
    ranked = sorted(said.windows, key=lambda window: -(window.offence_probability or 0.0))
    rate = said.stands_on.frame_rate_hz
    rows = "".join(_moment_row(window, rate) for window in ranked[:_MOST_ROWS])
    yield (
        '<table><thead><tr><th>time</th><th class="right">ball to arm, pixels</th>'
        '<th class="right">offence</th><th></th><th>model</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _moment_row(window: WindowSaid, rate: float) -> str:
    p, nan = window.offence_probability, float("nan")
    word = "cannot be told" if p is None else "not sure" if window.abstained else ""
    return (
        f'<tr><td class="num">{window.nearest / rate:.2f} s</td>'
        f'<td class="right num">{"–" if window.gap_px is None else f"{window.gap_px:.1f}"}</td>'
        f'<td class="right num">{"–" if p is None else f"{p:.2f}"}</td>'
        f"<td>{'' if p is None else interval_bar(p, nan, nan, 160)}</td>"
        f"<td>{word}</td></tr>"
    )


def _editions(said: Decision) -> Iterator[str]:
    if not said.other_editions:
        return
    yield "<h2>The same facts under other Laws</h2>"
    if said.abstained:
        yield '<p class="note">What each wording makes of the likeliest facts, were they to be trusted.</p>'
    nan = float("nan")
    rows = []
    for other in said.other_editions:
        mark = " class=whole" if other.edition == said.edition else ""
        decision = {"offence": "offence", "no_offence": "no offence", None: "open"}[other.decision]
        p = other.offence_probability
        bar = "" if p is None else interval_bar(p, nan, nan, 120)
        number = "–" if p is None else f"{p:.2f}"
        rows.append(
            f"<tr{mark}><td>{escape(edition_named(other.edition).title)}</td><td>{decision}</td>"
            f"<td>{escape(restart_in_words(other))}</td><td><code>{escape(other.clause or '–')}</code></td>"
            f'<td class="right num">{number}</td><td>{bar}</td></tr>'
        )
    yield (
        "<table><thead><tr><th>edition</th><th>decision</th><th>restart</th><th>clause</th>"
        f'<th class="right">offence</th><th></th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _ground(said: Decision) -> Iterator[str]:
    yield "<h2>Limits</h2>"
    limits = [
        *said.limits,
        "The review sees one camera: depth is not seen, and what is not in the picture is not known.",
        "It assists a referee; it does not replace one.",
    ]
    yield "<ul>" + "".join(f"<li>{escape(_capital(limit))}</li>" for limit in limits) + "</ul>"
    yield "<h2>Models</h2><dl>"
    for name, model in said.models.items():
        yield (
            f"<dt>{escape(name)}</dt><dd>{escape(model.file)} "
            f'<span class="soft"><code>{model.sha256[:12]}</code></span></dd>'
        )
    yield "</dl>"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
