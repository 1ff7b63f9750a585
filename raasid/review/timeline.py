"""The timeline of a review as one SVG: gap from ball to arm, probability of an offence, ball detections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from itertools import pairwise

import numpy as np

from raasid.reports.charts import tick_label, ticks
from raasid.reports.document import outlined
from raasid.review.arm_distance import ArmDistance
from raasid.review.decision import Decision

ToX = Callable[[float], float]
"""Converts a frame index to the figure's x."""

_WIDTH, _LEFT, _RIGHT = 1056.0, 58.0, 12.0
_GAP_TOP, _GAP_HIGH = 28.0, 124.0
_PROB_TOP, _PROB_HIGH = 192.0, 84.0
_BALL_TOP, _ROW = 312.0, 14.0
_HEIGHT = 380.0
_INK, _SOFT, _GRID, _BLUE, _RED = "#1b1f24", "#59626c", "#e6e9ed", "#0072b2", "#d55e00"
_MAX_GAP = 3.0
"""Arm lengths on the scale; larger gaps lie on its edge."""
_MAX_POINTS = 1500


def timeline(arm_distance: ArmDistance, decision: Decision) -> str:
    """Draw a clip in three rows; the decisive moment is a line through all of them."""
    frames, rate = len(arm_distance.gap), decision.stands_on.frame_rate_hz

    def x(frame: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (frame + 0.5) / frames

    parts = [
        *_gap(arm_distance, decision, x),
        *_probability(decision, x),
        *_ball(arm_distance, x),
        *_seconds(frames, rate, x),
    ]
    if decision.contact is not None:
        at = x(decision.contact.frame)
        parts.append(f'<path d="M{at:.1f} 14V{_HEIGHT - 30}" stroke="{_RED}" stroke-width="1.5"/>')
        side = "end" if at > _WIDTH * 0.75 else "start"
        label_text = "touch" if decision.contact.seen else "nearest approach"
        offset = -6 if side == "end" else 6
        parts.append(
            _text(at + offset, 18, f"{label_text}, {decision.contact.time_s:.2f} s", side, _RED, 600)
        )
    label = "Timeline: distance from ball to arm, probability of an offence, detections of the ball"
    size = f'viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"'
    return (
        f'<svg {size} role="img" aria-label="{escape(label)}" style="width:100%;height:auto">'
        f"{''.join(parts)}</svg>"
    )


def _gap(arm_distance: ArmDistance, decision: Decision, x: ToX) -> Iterator[str]:
    """Ball to the nearest arm, in arm lengths, 0 on top; hollow circles where the ball is inferred."""
    floor = _GAP_TOP + _GAP_HIGH

    def y(gap: float) -> float:
        return _GAP_TOP + _GAP_HIGH * min(gap, _MAX_GAP) / _MAX_GAP

    for window in decision.windows:
        left, right = x(window.start - 0.5), x(window.stop - 0.5)
        yield (
            f'<rect x="{left:.1f}" y="{_GAP_TOP}" width="{right - left:.1f}" height="{_GAP_HIGH}"'
            ' fill="#f0f3f6"/>'
        )
    for gap in (0.0, 1.0, 2.0, 3.0):
        yield f'<path d="M{_LEFT} {y(gap):.1f}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>'
        yield _text(_LEFT - 8, y(gap) + 4, f"{gap:g}" + ("+" if gap == _MAX_GAP else ""), "end")
    yield _text(0, 12, "Ball to the nearest arm, in arm lengths; grey: judged", "start", _INK, 600)
    step = max(1, len(arm_distance.gap) // _MAX_POINTS)
    run: list[str] = []
    for start in range(0, len(arm_distance.gap), step):
        bucket = arm_distance.gap[start : start + step]
        if np.isfinite(bucket).any():
            at = start + int(np.nanargmin(bucket))
            run.append(f"{x(at):.1f} {y(float(arm_distance.gap[at])):.1f}")
            if step == 1:
                fill = _BLUE if arm_distance.ball_seen[at] else "#fff"
                cx, cy = run[-1].split()
                yield f'<circle cx="{cx}" cy="{cy}" r="2.4" fill="{fill}" stroke="{_BLUE}"/>'
        else:
            yield _path(run)
            run = []
    yield _path(run)
    yield f'<path d="M{_LEFT} {floor}H{_WIDTH - _RIGHT}" stroke="{_SOFT}"/>'


def _probability(decision: Decision, x: ToX) -> Iterator[str]:
    """Probability of an offence in each window; a grey line for windows without one."""
    floor = _PROB_TOP + _PROB_HIGH

    def y(p: float) -> float:
        return floor - _PROB_HIGH * p

    title = "Probability of an offence, moment by moment (grey: none can be told)"
    yield _text(0, _PROB_TOP - 10, title, "start", _INK, 600)
    for p in (0.0, 0.5, 1.0):
        yield f'<path d="M{_LEFT} {y(p):.1f}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>'
        yield _text(_LEFT - 8, y(p) + 4, f"{p:g}", "end")
    for window in decision.windows:
        left, right = x(window.start - 0.5), x(window.stop - 0.5)
        if window.offence_probability is None:
            yield f'<path d="M{left:.1f} {floor - 3}H{right - 1:.1f}" stroke="{_SOFT}" stroke-width="4"/>'
            continue
        top = y(window.offence_probability)
        yield (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(right - left - 1, 2):.1f}"'
            f' height="{floor - top:.1f}" fill="{_RED}" fill-opacity=".22"/>'
        )
        yield outlined(f'path d="M{left:.1f} {top:.1f}H{right - 1:.1f}"', _RED, width=2)
    yield f'<path d="M{_LEFT} {floor}H{_WIDTH - _RIGHT}" stroke="{_SOFT}"/>'


def _ball(arm_distance: ArmDistance, x: ToX) -> Iterator[str]:
    """Full height where the ball was detected, half where it was interpolated."""
    yield _text(0, _BALL_TOP - 8, "Ball: seen (full), inferred (half)", "start", _INK, 600)
    bottom = _BALL_TOP + _ROW
    yield f'<path d="M{_LEFT} {bottom}H{_WIDTH - _RIGHT}" stroke="{_SOFT}"/>'
    state = np.where(arm_distance.ball_seen, 2, np.where(arm_distance.ball_known, 1, 0))
    edges = [0, *(np.flatnonzero(np.diff(state)) + 1), len(state)]
    for start, stop in pairwise(edges):
        if state[start]:
            high = _ROW * state[start] / 2
            left, right = x(start - 0.5), x(stop - 0.5)
            yield (
                f'<rect x="{left:.1f}" y="{bottom - high:.1f}" width="{max(right - left, 0.6):.1f}"'
                f' height="{high:.1f}" fill="{_BLUE}" fill-opacity="{1 if state[start] == 2 else 0.45}"/>'
            )


def _seconds(frames: int, rate: float, x: ToX) -> Iterator[str]:
    for tick in ticks(0.0, max(frames / rate, 1e-3), about=8):
        at = x(tick * rate - 0.5)
        if at <= _WIDTH - _RIGHT + 1:
            yield f'<path d="M{at:.1f} {_BALL_TOP + _ROW}v5" stroke="{_SOFT}"/>'
            yield _text(at, _BALL_TOP + _ROW + 20, tick_label(tick), "middle")
    yield _text(_WIDTH - _RIGHT, _HEIGHT - 6, "seconds", "end")


def _path(run: list[str]) -> str:
    if len(run) < 2:
        return ""
    return f'<path d="M{"L".join(run)}" fill="none" stroke="{_BLUE}" stroke-width="1.6"/>'


def _text(x: float, y: float, text: str, anchor: str, fill: str = _SOFT, weight: int = 400) -> str:
    style = f"fill:{fill};paint-order:stroke;stroke:#fff;stroke-width:3px"
    position = f'x="{x:.1f}" y="{y:.1f}" font-size="12" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text {position} style="{style}">{escape(text)}</text>'
