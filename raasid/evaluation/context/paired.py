"""Two context models on the same clips, or one context model on the tracks of two upstream models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from raasid.evaluation.context.edition_consistency import edition_flips
from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.probabilities import expected_calibration_error
from raasid.evaluation.context.result import ContextResult
from raasid.evaluation.paired import (
    PairedEvaluation,
    PairedMetric,
    PairedSample,
    SamplesDiffer,
    require_same_samples,
)
from raasid.stats.bootstrap import NUM_RESAMPLES_SLOW, Floats, Ints
from raasid.stats.paired_difference import MeasuredSamples, RatioOfSums, WeightedMetric


def pair_context_results(champion: ContextResult, challenger: ContextResult) -> PairedEvaluation:
    """Pair two evaluations by one edition of the Laws on one kind of tracks. Raises SamplesDiffer.

    accuracy: an abstention counts by the more probable decision. ece: of the probability of an offence.
    season_flips: pairs of editions that decide a clip differently, both decided correctly.
    """
    for what in ("edition", "source"):
        one, other = getattr(champion, what), getattr(challenger, what)
        if one != other:
            raise SamplesDiffer(
                f"{what} of the evaluation", f"{one} for the champion, {other} for the challenger"
            )
    samples = _samples(champion.outcomes)
    require_same_samples(samples, _samples(challenger.outcomes))
    everywhere = np.ones(len(samples), bool)
    correct, calibration, flips = (
        (of(champion.outcomes), of(challenger.outcomes)) for of in (_correct, _calibration, _flips)
    )
    with_flips = np.array([bool(edition_flips(outcome)) for outcome in champion.outcomes], bool)
    return PairedEvaluation(
        task="context",
        samples=samples,
        primary=PairedMetric("accuracy", "higher", correct, everywhere),
        others={
            "ece": PairedMetric("ece", "lower", calibration, everywhere, NUM_RESAMPLES_SLOW),
            "season_flips": PairedMetric("season_flips", "higher", flips, with_flips),
        },
    )


def _correct(outcomes: Sequence[ClipOutcome]) -> MeasuredSamples:
    return RatioOfSums(np.array([o.is_correct for o in outcomes], float), np.ones(len(outcomes)))


def _calibration(outcomes: Sequence[ClipOutcome]) -> MeasuredSamples:
    offence = np.array([o.prediction.offence for o in outcomes], float)
    happened = np.array([o.truth == "offence" for o in outcomes], float)

    def of_rows(rows: Ints) -> Callable[[Floats], Floats]:
        return lambda weights: expected_calibration_error(offence[rows], happened[rows], weights)

    return WeightedMetric(of_rows)


def _flips(outcomes: Sequence[ClipOutcome]) -> MeasuredSamples:
    flips = [edition_flips(outcome) for outcome in outcomes]
    correct = [sum(flip.predicted == flip.truth for flip in each) for each in flips]
    return RatioOfSums(np.array(correct, float), np.array([len(each) for each in flips], float))


def _samples(outcomes: Sequence[ClipOutcome]) -> list[PairedSample]:
    return [PairedSample(o.ref.key, o.match, o.tags, (o.ref.facts, o.truth)) for o in outcomes]
