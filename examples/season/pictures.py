"""Example frames: what the first version and the last one say about the same picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from raasid.config.compose import compose
from raasid.evaluation.ball.matched import FrameOutcome, OutcomeType
from raasid.evaluation.ball.result import BallResult
from raasid.footage.records import Frame
from raasid.io.image_reader import read_image
from raasid.pipeline.evaluation import evaluate_named_model
from raasid.pipeline.model_refs import load_registered
from raasid.pipeline.verb_configs import EvaluateConfig
from raasid.reports.document import outlined
from raasid.reports.frame_figure import Overlay, ToFigure, frame_figure

from .ball_service import MODEL, BallService
from .footage import KINDS, Kind

_SAID = "#ffffff"
_RADIUS = 11.0
KEY = "The square is the ball as annotated; the white ring is where the version sees one."


def example_figures(ball: BallService, first: str, last: str) -> Iterator[str]:
    """Yield two figures for each kind of matches: before and after."""
    for kind in KINDS:
        pair = _telling_pair(*(_measure(ball, version, kind) for version in (first, last)))
        for name, outcome in zip(("first version", "last version"), pair, strict=True):
            yield _figure(outcome, f"<b>{kind}</b>, {name}: {_saying(outcome)}")


def _measure(ball: BallService, version: str, kind: Kind) -> BallResult:
    name = f"{MODEL}@{version}"
    cfg = compose("evaluate", EvaluateConfig, [f"version={name}", *ball.footage_words(kind)])
    model = load_registered(name, cfg.paths)
    run_dir: Path = ball.root / "logs" / f"pictures_{kind}_{version}"
    result, _ = evaluate_named_model(model, cfg.data, cfg.paths, cfg.trainer, "test", cfg.seed, run_dir)
    assert isinstance(result, BallResult)
    return result


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
