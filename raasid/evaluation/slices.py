"""The same metrics for parts of the frames: where is the model weak?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from raasid.evaluation.ball_metrics import ball_metrics, ratios, tallies
from raasid.evaluation.intervals import Estimate, bootstrap
from raasid.evaluation.outcomes import FrameOutcome

By = Literal["tag", "match"]


@dataclass(frozen=True, slots=True)
class Slice:
    """The frames that share a tag or a match."""

    by: By
    name: str
    n_frames: int
    n_visible: int
    """Frames with a visible ball: what detection_rate stands on."""
    n_matches: int
    estimates: dict[str, Estimate]


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


def slices(outcomes: Sequence[FrameOutcome], seed: int) -> list[Slice]:
    """A slice per tag and per match, by name; a frame is in as many slices as it has tags.

    Where every frame is a match of its own (single pictures), matches are no slices.
    """
    by_match = len({outcome.match for outcome in outcomes}) < len(outcomes)
    parts: dict[tuple[By, str], list[FrameOutcome]] = defaultdict(list)
    for outcome in outcomes:
        if by_match:
            parts["match", outcome.match].append(outcome)
        for tag in outcome.tags:
            parts["tag", tag].append(outcome)
    return [
        Slice(
            by=by,
            name=name,
            n_frames=len(part),
            n_visible=sum(outcome.truth is not None for outcome in part),
            n_matches=len({outcome.match for outcome in part}),
            estimates=estimate_ball(part, seed),
        )
        for (by, name), part in sorted(parts.items())
    ]
