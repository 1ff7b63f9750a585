"""The embedded league beside few real frames: other stadiums, kits and balls at other feet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median

from raasid.data.records import Ball, Clip, Frame


def drawn_alike(league: Sequence[Clip], footage: Iterable[Clip]) -> list[Clip]:
    """Return the league's clips with boxes as large, in pictures of one width, as those of the footage.

    Some draw a box round the ball, others one twice as wide; a net that must learn both from two kinds of
    pictures learns neither. Supposes shots that are as tight in both, as `data.league.ball_px` sets them.
    """
    wanted, drawn = _usual_edge(footage), _usual_edge(league)
    if wanted is None or drawn is None:
        return list(league)
    return [
        replace(clip, frames=tuple(_drawn(frame, wanted / drawn) for frame in clip.frames)) for clip in league
    ]


def _usual_edge(clips: Iterable[Clip]) -> float | None:
    """Median longer edge of the visible balls' boxes, as a share of the picture's width."""
    edges = [max(b.w, b.h) / frame.width for clip in clips for frame in clip.frames if (b := frame.ball)]
    return median(edges) if edges else None


def _drawn(frame: Frame, factor: float) -> Frame:
    return replace(frame, balls=tuple(_scaled(ball, factor) for ball in frame.balls))


def _scaled(ball: Ball, factor: float) -> Ball:
    return replace(ball, w=ball.w * factor, h=ball.h * factor)
