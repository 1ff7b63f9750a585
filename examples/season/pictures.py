"""Example frames: what the first version and the last one say about the same picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from raasid.evaluation.ball.matched import FrameOutcome, OutcomeType
from raasid.evaluation.ball.result import BallResult
from raasid.footage.records import Frame
from raasid.io.image_reader import read_image
from raasid.reports.document import outlined
from raasid.reports.frame_figure import Overlay, ToFigure, frame_figure

from .story import Comparison

_SAID = "#ffffff"
_RADIUS = 11.0
KEY = "The square is the ball as annotated; the white ring is where the version sees one."


def example_figures(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Yield two figures for each kind of matches: before and after."""
    for one in comparisons:
        pair = _telling_pair(one.before, one.after)
        for name, outcome in zip(("first version", "last version"), pair, strict=True):
            yield _figure(outcome, f"<b>{one.kind}</b>, {name}: {_saying(outcome)}")


def _telling_pair(before: BallResult, after: BallResult) -> tuple[FrameOutcome, FrameOutcome]:
    """Return both outcomes of a frame: one whose ball only the second finds, or one that both find."""
    later = {(one.clip, one.index): one for one in after.outcomes}
    pairs = [(one, later[one.clip, one.index]) for one in before.outcomes if one.truth is not None]
    gained = sum(a.kind is not OutcomeType.HIT and b.kind is OutcomeType.HIT for a, b in pairs)
    wanted = (gained > len(pairs) / 4, True)
    fitting = [
        (a, b) for a, b in pairs if (a.kind is not OutcomeType.HIT, b.kind is OutcomeType.HIT) == wanted
    ]
    return max(fitting or pairs, key=lambda pair: pair[1].truth.w if pair[1].truth else 0.0)


def _saying(outcome: FrameOutcome) -> str:
    if outcome.top is None:
        return "no ball found"
    return "ball found" if outcome.kind is OutcomeType.HIT else "something else taken for the ball"


def _figure(outcome: FrameOutcome, caption: str) -> str:
    balls = () if outcome.truth is None else (outcome.truth,)
    frame = Frame(outcome.index, outcome.image, *outcome.size, balls=balls)
    return frame_figure(read_image(outcome.image), frame, caption, overlay=_ring(outcome))


def _ring(outcome: FrameOutcome) -> Overlay:
    def draw(to_figure: ToFigure) -> str:
        if outcome.top is None:
            return ""
        x, y = to_figure(*map(float, outcome.candidates.xy[outcome.top]))
        return outlined(f'circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}"', _SAID, width=2)

    return draw
