"""Match the prediction for each clip with the decision that follows from its annotated facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from raasid.datasets.context.sample_meta import ClipRef
from raasid.errors import DataError
from raasid.footage.records import Tags
from raasid.laws.decide import decide
from raasid.laws.edition import Ruling, Verdict
from raasid.laws.facts import Facts
from raasid.models.context.module import ContextPrediction
from raasid.stats.label_free import CalibratedAnswers


class PredictionUnusable(DataError):
    """A prediction that belongs to another clip, or whose probability is invalid."""

    def __init__(self, clip: str, what: str) -> None:
        super().__init__(f"{clip}: {what}; the context model that predicted it is broken, train it again")


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """One clip on one kind of tracks, with its ground truth and its prediction."""

    ref: ClipRef
    prediction: ContextPrediction
    truth: Verdict
    """From the annotated facts by the edition of the prediction; else as the annotator ruled."""
    predicted: Verdict
    """The decision; if the most likely facts allow both, the more probable one."""

    @property
    def match(self) -> str:
        """The match that the clip is from."""
        return self.ref.match

    @property
    def tags(self) -> Tags:
        """Tags of the clip."""
        return self.ref.tags

    @property
    def is_correct(self) -> bool:
        """Whether the decision is the one that the Law asks for."""
        return self.predicted == self.truth

    @property
    def confidence(self) -> float:
        """Probability of the predicted decision."""
        offence = self.prediction.offence
        return offence if self.predicted == "offence" else 1 - offence


def match_clips(
    refs: Sequence[ClipRef], predictions: Sequence[ContextPrediction]
) -> tuple[list[ClipOutcome], list[ClipRef]]:
    """Return the outcomes, and the clips without one because their annotated facts allow both decisions.

    predictions: one for each of `refs`. Raises PredictionUnusable.
    """
    outcomes, unruled = [], []
    for ref, prediction in zip(refs, predictions, strict=True):
        if prediction.clip != ref.clip:
            raise PredictionUnusable(ref.clip, f"predicted as {prediction.clip}")
        if not 0 <= prediction.offence <= 1:
            raise PredictionUnusable(ref.clip, f"offence has the probability {prediction.offence}")
        edition = prediction.ruling.edition
        if edition is None:
            raise PredictionUnusable(ref.clip, "its ruling names no edition of the Laws")
        truth = decide_cached(ref.facts, edition).decision or ref.annotated_decision
        if truth is None:
            unruled.append(ref)
            continue
        outcomes.append(
            ClipOutcome(ref, prediction, truth, prediction.ruling.decision or _more_probable(prediction))
        )
    return outcomes, unruled


def answers_of(pairs: Iterable[tuple[ClipRef, ContextPrediction]]) -> CalibratedAnswers:
    """Return the decisions of predictions with their probabilities, for clips with and without a truth.

    Raises PredictionUnusable.
    """
    refs, predictions = (list(column) for column in zip(*pairs, strict=True))
    ruled = {outcome.ref.key for outcome in match_clips(refs, predictions)[0]}
    offence = np.array([each.offence for each in predictions], np.float64)
    decided = [each.ruling.decision or _more_probable(each) for each in predictions]
    return CalibratedAnswers(
        confidence=np.where([verdict == "offence" for verdict in decided], offence, 1 - offence),
        answered=np.array([not each.abstained for each in predictions]),
        labelled=np.array([ref.key in ruled for ref in refs]),
        matches=[ref.match for ref in refs],
    )


@lru_cache(maxsize=65536)
def decide_cached(facts: Facts, edition: str) -> Ruling:
    """Cache `decide`: the same facts recur in every slice, season and epoch."""
    return decide(facts, edition)


def _more_probable(prediction: ContextPrediction) -> Verdict:
    return "offence" if prediction.offence >= 0.5 else "no_offence"
