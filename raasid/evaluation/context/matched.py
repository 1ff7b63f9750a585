"""What became of each clip: what the Law says of its annotated facts, and what the model said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from raasid.datasets.context.sample_meta import ClipRef
from raasid.errors import DataError
from raasid.footage.records import Tags
from raasid.laws.decide import decide
from raasid.laws.edition import Ruling, Verdict
from raasid.laws.facts import Facts
from raasid.models.context.module import ClipJudgement


class JudgementUnusable(DataError):
    """A judgement that belongs to another clip, or whose probability is none."""

    def __init__(self, clip: str, what: str) -> None:
        super().__init__(f"{clip}: {what}; the context model that judged it is broken, train it again")


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """One clip, seen on one kind of tracks."""

    ref: ClipRef
    judgement: ClipJudgement
    truth: Verdict
    """By the edition of the judgement, from the annotated facts; else as the annotator ruled."""
    said: Verdict
    """The decision; where the likeliest facts allow both, the likelier of the two."""

    @property
    def match(self) -> str:
        """The match that the clip is from."""
        return self.ref.match

    @property
    def tags(self) -> Tags:
        """Tags of the clip."""
        return self.ref.tags

    @property
    def right(self) -> bool:
        """Whether the decision is the one that the Law asks for."""
        return self.said == self.truth

    @property
    def confidence(self) -> float:
        """Probability that the model gives to its own decision."""
        offence = self.judgement.offence
        return offence if self.said == "offence" else 1 - offence


def clip_outcomes(
    refs: Sequence[ClipRef], judgements: Sequence[ClipJudgement]
) -> tuple[list[ClipOutcome], list[ClipRef]]:
    """Judge the judgements, one for one; then the clips whose annotated facts allow both decisions.

    Raises JudgementUnusable.
    """
    outcomes, unruled = [], []
    for ref, judgement in zip(refs, judgements, strict=True):
        if judgement.clip != ref.clip:
            raise JudgementUnusable(ref.clip, f"judged as {judgement.clip}")
        if not 0 <= judgement.offence <= 1:
            raise JudgementUnusable(ref.clip, f"offence has the probability {judgement.offence}")
        edition = judgement.ruling.edition
        if edition is None:
            raise JudgementUnusable(ref.clip, "its ruling names no edition of the Laws")
        truth = ruled(ref.facts, edition).decision or ref.ruled
        if truth is None:
            unruled.append(ref)
            continue
        outcomes.append(ClipOutcome(ref, judgement, truth, judgement.ruling.decision or _likelier(judgement)))
    return outcomes, unruled


@lru_cache(maxsize=65536)
def ruled(facts: Facts, edition: str) -> Ruling:
    """`decide`, remembered: the same facts come again in every slice, season and epoch."""
    return decide(facts, edition)


def _likelier(judgement: ClipJudgement) -> Verdict:
    return "offence" if judgement.offence >= 0.5 else "no_offence"
