"""Two ball models on the same frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raasid.evaluation.ball.matched import FrameOutcome, OutcomeType
from raasid.evaluation.ball.result import BallResult
from raasid.evaluation.paired import PairedEvaluation, PairedMetric, PairedSample, require_same_samples
from raasid.stats.bootstrap import Floats
from raasid.stats.paired_difference import RatioOfSums

_PER_MINUTE = "false_positives_per_minute"


def pair_ball_results(champion: BallResult, challenger: BallResult) -> PairedEvaluation:
    """Pair two evaluations, each at its model's own operating point. Raises SamplesDiffer.

    detection_rate: hits over frames with a visible ball. false_positives_per_minute: wrong and unwanted
    predictions over the duration of all frames.
    """
    samples = _samples(champion.outcomes)
    require_same_samples(samples, _samples(challenger.outcomes))
    visible = np.array([o.truth is not None for o in champion.outcomes], float)
    minutes = np.array([1 / (60 * o.frame_rate_hz) for o in champion.outcomes], float)

    def ratios(*kinds: OutcomeType, over: Floats) -> tuple[RatioOfSums, RatioOfSums]:
        one, other = (
            np.array([o.kind in kinds for o in result.outcomes], float) for result in (champion, challenger)
        )
        return RatioOfSums(one, over), RatioOfSums(other, over)

    hits = ratios(OutcomeType.HIT, over=visible)
    false = ratios(OutcomeType.MISLOCATED, OutcomeType.UNWANTED, over=minutes)
    return PairedEvaluation(
        task="ball",
        samples=samples,
        primary=PairedMetric("detection_rate", "higher", hits, visible > 0),
        others={_PER_MINUTE: PairedMetric(_PER_MINUTE, "lower", false, minutes > 0)},
    )


def _samples(outcomes: Sequence[FrameOutcome]) -> list[PairedSample]:
    return [
        PairedSample((o.clip, o.index), o.match, o.tags, (o.truth, o.other_balls, o.size, o.frame_rate_hz))
        for o in outcomes
    ]
