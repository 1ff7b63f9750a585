"""One evaluation of a context model.

Two models on the same clips: what one has beyond the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from raasid.datasets.context.sample_meta import SOURCES, ClipRef, TracksFrom
from raasid.errors import UsageError
from raasid.evaluation.context.estimates import (
    context_slices,
    count_context,
    estimate_beside,
    estimate_context,
)
from raasid.evaluation.context.fact_metrics import FactScore, fact_scores
from raasid.evaluation.context.matched import ClipOutcome, clip_outcomes
from raasid.evaluation.context.metrics import decision_metrics
from raasid.evaluation.context.mvfoul import incident_estimates
from raasid.evaluation.context.probabilities import ReliabilityBin, RiskCoverage, reliability, risk_coverage
from raasid.evaluation.result import Result, read_estimates
from raasid.footage.records import Clip
from raasid.models.context.module import ClipJudgement
from raasid.stats.bootstrap import Estimate, bootstrap_weighted
from raasid.tasks import TaskName

Floats = NDArray[np.float64]


class NothingRuled(UsageError):
    """Clips of which no annotation says whether they were an offence."""

    def __init__(self, clips: int, source: str | None) -> None:
        of_them = "facts on which the Law can rule"
        tracks = f" on {source} tracks" if source else ""
        super().__init__(
            f"none of {clips} held-out clips{tracks} has {of_them}; "
            "annotate clip.facts, or evaluate on data=synthetic_handball"
        )


@dataclass(frozen=True, kw_only=True)
class ContextResult(Result):
    """Metrics of a context model on some clips, by one edition of the Laws."""

    task: ClassVar[TaskName] = "context"

    edition: str
    source: TracksFrom
    """Whose tracks the figures are about."""
    unruled: int = 0
    """Further clips, annotated too sparsely for the Law to rule."""
    facts: list[FactScore] = field(default_factory=list)
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)
    """True decision -> what was said, `abstained` among it -> clips."""
    reliability: list[ReliabilityBin] = field(default_factory=list)
    curves: dict[TracksFrom, RiskCoverage] = field(default_factory=dict)
    """Risk against coverage on each kind of tracks."""
    outcomes: list[ClipOutcome] = field(default_factory=list, repr=False)
    """By clip, on `source`; empty in a result that was read back."""
    clips: Mapping[str, Clip] = field(default_factory=dict, repr=False)
    """What the model saw, by clip, for pictures; may lack any."""

    @property
    def ground(self) -> str:
        """What was looked at, by which wording."""
        counts = self.counts
        text = (
            f"{counts['clips']} held-out clips of {counts['matches']} matches, {counts['offences']} offences "
            f"by {self.edition}, {self.source} tracks"
        )
        return f"{text}; {self.unruled} more are annotated too sparsely to be ruled" if self.unruled else text

    def more(self) -> dict[str, Any]:
        """What the report draws."""
        return {
            "edition": self.edition,
            "source": self.source,
            "unruled": self.unruled,
            "facts": [asdict(score) for score in self.facts],
            "confusion": self.confusion,
            "reliability": [asdict(part) for part in self.reliability],
            "curves": {
                source: {name: getattr(curve, name).tolist() for name in RiskCoverage.__slots__}
                for source, curve in self.curves.items()
            },
        }

    @classmethod
    def read_more(cls, tree: Mapping[str, Any]) -> dict[str, Any]:
        """What the report draws."""
        return {
            "edition": tree["edition"],
            "source": tree["source"],
            "unruled": tree["unruled"],
            "facts": [
                FactScore(**{**score, "estimates": read_estimates(score["estimates"])})
                for score in tree["facts"]
            ],
            "confusion": tree["confusion"],
            "reliability": [ReliabilityBin(**part) for part in tree["reliability"]],
            "curves": {
                source: RiskCoverage(**{name: np.array(values, float) for name, values in curve.items()})
                for source, curve in tree["curves"].items()
            },
        }


def evaluate_context(
    refs: Sequence[ClipRef],
    judgements: Sequence[ClipJudgement],
    source: TracksFrom | None = None,
    clips: Mapping[str, Clip] | None = None,
    seed: int = 0,
) -> ContextResult:
    """Judge judgements of clips; their order makes no difference.

    The same clip may come on several kinds of tracks: the figures are about those of `source` (None: the
    first of `SOURCES` that is there), the main ones are told of the others too. clips: what the model saw
    on `source`, for pictures.
    Raises NothingRuled, JudgementUnusable.
    """
    pairs = sorted(zip(refs, judgements, strict=True), key=lambda pair: pair[0].key)
    by_source: dict[TracksFrom, list[ClipOutcome]] = {}
    unruled: dict[TracksFrom, int] = {}
    for kind in SOURCES:
        its = [pair for pair in pairs if pair[0].source == kind]
        outcomes, sparse = clip_outcomes([ref for ref, _ in its], [said for _, said in its])
        if outcomes:
            by_source[kind], unruled[kind] = outcomes, len(sparse)
    chosen = source or next(iter(by_source), None)
    if chosen is None or chosen not in by_source:
        raise NothingRuled(len(refs), source)
    outcomes = by_source[chosen]
    beside = {
        name: estimate
        for kind, others in by_source.items()
        if kind != chosen
        for name, estimate in estimate_beside(others, kind, seed).items()
    }
    return ContextResult(
        estimates={
            **beside,
            **incident_estimates(pair for pair in pairs if pair[0].source == chosen),
            **estimate_context(outcomes, seed),
        },
        slices=context_slices(outcomes, seed),
        counts=count_context(outcomes),
        unruled=unruled[chosen],
        edition=str(outcomes[0].judgement.ruling.edition),
        source=chosen,
        facts=fact_scores(outcomes, seed),
        confusion=_confusion(outcomes),
        reliability=reliability(*_offence(outcomes)),
        curves={kind: _curve(its) for kind, its in by_source.items()},
        outcomes=outcomes,
        clips=clips or {},
    )


def _confusion(outcomes: Sequence[ClipOutcome]) -> dict[str, dict[str, int]]:
    table = {truth: dict.fromkeys(("offence", "no_offence", "abstained"), 0) for truth in _CLASSES}
    for outcome in outcomes:
        table[outcome.truth]["abstained" if outcome.judgement.abstained else outcome.said] += 1
    return table


_CLASSES = ("offence", "no_offence")


def _offence(outcomes: Sequence[ClipOutcome]) -> tuple[Floats, Floats]:
    return (
        np.array([outcome.judgement.offence for outcome in outcomes], np.float64),
        np.array([outcome.truth == "offence" for outcome in outcomes], np.float64),
    )


def _curve(outcomes: Sequence[ClipOutcome]) -> RiskCoverage:
    confidence = np.array([outcome.confidence for outcome in outcomes], np.float64)
    return risk_coverage(confidence, np.array([not outcome.right for outcome in outcomes], np.float64))


def gain(
    first: Sequence[ClipOutcome], second: Sequence[ClipOutcome], metric: str = "accuracy", seed: int = 0
) -> Estimate:
    """A metric of the second beyond that of the first, over the clips that both have judged.

    metric: one of `decision_metrics`. Both are drawn together, match by match: hard matches cancel out,
    and the interval is narrower than that of either.
    """
    other = {outcome.ref.key: outcome for outcome in first}
    after = [outcome for outcome in second if outcome.ref.key in other]
    before = [other[outcome.ref.key] for outcome in after]
    metrics = decision_metrics(before), decision_metrics(after)

    def difference(weights: Floats) -> dict[str, Floats]:
        return {metric: metrics[1](weights)[metric] - metrics[0](weights)[metric]}

    return bootstrap_weighted([outcome.match for outcome in after], difference, seed)[metric]
