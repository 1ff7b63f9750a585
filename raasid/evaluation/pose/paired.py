"""Two pose models on the same frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raasid.evaluation.paired import PairedEvaluation, PairedMetric, PairedSample, require_same_samples
from raasid.evaluation.pose.average_precision import Ranking, average_precision, resampled_precision
from raasid.evaluation.pose.matched import PoseOutcome
from raasid.evaluation.pose.matching import PoseMatches
from raasid.evaluation.pose.result import PoseResult
from raasid.stats.bootstrap import NUM_RESAMPLES_SLOW, Estimate, Floats, Ints, Resampling

_LATENCY = "inference_time_p95"


@dataclass(frozen=True, slots=True, eq=False)
class MeanAveragePrecision:
    """COCO's mAP of one model; it ranks predictions over all frames, so that it is no ratio of sums."""

    frames: Sequence[PoseMatches]

    def measure(self, rows: Ints, draw: Resampling) -> tuple[float, Floats]:
        """See `MeasuredSamples`; every resample of matches is ranked anew."""
        ranking = Ranking.build([self.frames[row] for row in rows])
        if not len(rows):
            return float("nan"), np.full(len(draw.weights), np.nan)
        resampled = resampled_precision(ranking, draw.unit_of_row, draw.weights)
        return float(average_precision(ranking).mean()), resampled.mean(axis=1)


def pair_pose_results(champion: PoseResult, challenger: PoseResult) -> PairedEvaluation:
    """Pair two evaluations by mAP with the models' own boxes. Raises SamplesDiffer.

    The times are paired only if both were taken on the same device, with the same threads and precision.
    """
    samples = _samples(champion.outcomes)
    require_same_samples(samples, _samples(challenger.outcomes))
    one, other = (MeanAveragePrecision([o.matches for o in r.outcomes]) for r in (champion, challenger))
    with_persons = np.array([o.truth.is_target.any() for o in champion.outcomes], bool)
    return PairedEvaluation(
        task="pose",
        samples=samples,
        primary=PairedMetric("mAP", "higher", (one, other), with_persons, NUM_RESAMPLES_SLOW),
        latency_ms=_latency(champion, challenger),
    )


def _latency(champion: PoseResult, challenger: PoseResult) -> tuple[Estimate, Estimate] | None:
    one, other = champion.timing, challenger.timing
    if one is None or other is None:
        return None
    conditions = [(timing.device, timing.threads, timing.precision) for timing in (one, other)]
    if conditions[0] != conditions[1]:
        return None
    return champion[_LATENCY], challenger[_LATENCY]


def _samples(outcomes: Sequence[PoseOutcome]) -> list[PairedSample]:
    return [PairedSample(o.ref.key, o.match, o.tags, o.ref.frame.persons) for o in outcomes]
