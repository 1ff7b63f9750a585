"""Every ball metric of some frames, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from raasid.evaluation.ball.metrics import ball_metrics, ratios, tallies
from raasid.evaluation.ball.outcomes import FrameOutcome
from raasid.evaluation.intervals import Estimate, bootstrap
from raasid.evaluation.slices import Slice, slices


def estimate_ball(outcomes: Sequence[FrameOutcome], seed: int) -> dict[str, Estimate]:
    """Every ball metric; the ratios with intervals, the others with the value alone."""
    matches = [outcome.match for outcome in outcomes]
    with_interval = bootstrap(tallies(outcomes), matches, ratios, seed)
    nan = float("nan")
    some = next(iter(with_interval.values()))
    return {
        name: with_interval.get(name, Estimate(value, nan, nan, some.n, some.unit))
        for name, value in ball_metrics(outcomes).items()
    }


def count_ball(outcomes: Sequence[FrameOutcome]) -> dict[str, int]:
    """What the figures stand on; detection_rate on the frames with a visible ball."""
    return {
        "frames": len(outcomes),
        "with ball": sum(outcome.truth is not None for outcome in outcomes),
        "matches": len({outcome.match for outcome in outcomes}),
    }


def ball_slices(outcomes: Sequence[FrameOutcome], seed: int) -> list[Slice]:
    """The metrics per tag and per match."""
    return slices(outcomes, count_ball, lambda part: estimate_ball(part, seed))
