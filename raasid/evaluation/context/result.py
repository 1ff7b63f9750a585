"""The evaluation of a context model: its result, the callback that logs metrics, and paired differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import lightning.pytorch as pl
import numpy as np

from raasid.datasets.context.sample_meta import SOURCES, ClipRef
from raasid.datasets.context.tracks_config import TrackSource
from raasid.errors import UsageError
from raasid.evaluation.context.edition_consistency import edition_flips
from raasid.evaluation.context.fact_metrics import FactScore, fact_scores
from raasid.evaluation.context.matched import ClipOutcome, match_clips
from raasid.evaluation.context.metrics import (
    count_clips,
    decision_metrics,
    estimate_auxiliary,
    estimate_metrics,
    slice_metrics,
)
from raasid.evaluation.context.mvfoul import incident_estimates
from raasid.evaluation.context.probabilities import (
    ReliabilityBin,
    RiskCoverage,
    expected_calibration_error,
    reliability,
    risk_coverage,
)
from raasid.evaluation.paired import (
    PairedEvaluation,
    PairedMetric,
    PairedSample,
    SamplesDiffer,
    require_same_samples,
)
from raasid.evaluation.prediction_collector import PredictionCollector
from raasid.evaluation.result import EvaluationResult, parse_estimates
from raasid.footage.records import Clip
from raasid.models.context.module import ContextPrediction
from raasid.stats.bootstrap import NUM_RESAMPLES_SLOW, Estimate, Floats, Ints, bootstrap
from raasid.stats.paired_difference import MeasuredSamples, RatioOfSums, WeightedMetric
from raasid.tasks import TaskName

LOGGED = ("accuracy", "balanced_accuracy", "ece")
_CLASSES = ("offence", "no_offence")


class NoLabelledClips(UsageError):
    """Clips whose annotations do not determine whether they are an offence."""

    def __init__(self, clips: int, source: str | None) -> None:
        required = "facts on which the Law can rule"
        tracks = f" on {source} tracks" if source else ""
        super().__init__(
            f"none of {clips} held-out clips{tracks} has {required}; "
            "annotate clip.facts, or evaluate on data=synthetic_handball"
        )


@dataclass(frozen=True, kw_only=True)
class ContextResult(EvaluationResult):
    """Metrics of a context model on clips, by one edition of the Laws."""

    task: ClassVar[TaskName] = "context"

    edition: str
    source: TrackSource
    """The kind of tracks that the metrics are about."""
    unruled: int = 0
    """Additional clips, annotated too sparsely for the Law to rule."""
    facts: list[FactScore] = field(default_factory=list)
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)
    """True decision -> predicted decision or `abstained` -> number of clips."""
    reliability: list[ReliabilityBin] = field(default_factory=list)
    curves: dict[TrackSource, RiskCoverage] = field(default_factory=dict)
    """Risk against coverage on each kind of tracks."""
    outcomes: list[ClipOutcome] = field(default_factory=list, repr=False)
    """By clip, on `source`; empty in a result that was read from a file."""
    clips: Mapping[str, Clip] = field(default_factory=dict, repr=False)
    """The model's input by clip, for figures; may be incomplete."""

    @property
    def description(self) -> str:
        """The evaluated clips and the edition."""
        counts = self.counts
        text = (
            f"{counts['clips']} held-out clips of {counts['matches']} matches, {counts['offences']} offences "
            f"by {self.edition}, {self.source} tracks"
        )
        return f"{text}; {self.unruled} more are annotated too sparsely to be ruled" if self.unruled else text

    def extra_fields(self) -> dict[str, Any]:
        """The content of the report."""
        return {
            "edition": self.edition,
            "source": self.source,
            "unruled": self.unruled,
            "facts": [
                {"fact": s.fact, "clips": s.clips, "commonest": s.majority, "estimates": _plain(s.estimates)}
                for s in self.facts
            ],
            "confusion": self.confusion,
            "reliability": [{"said": b.probability, "came": b.frequency, "n": b.n} for b in self.reliability],
            "curves": {
                source: {name: getattr(curve, name).tolist() for name in RiskCoverage.__slots__}
                for source, curve in self.curves.items()
            },
        }

    @classmethod
    def parse_extra_fields(cls, tree: Mapping[str, Any]) -> dict[str, Any]:
        """The content of the report."""
        return {
            "edition": tree["edition"],
            "source": tree["source"],
            "unruled": tree["unruled"],
            "facts": [
                FactScore(s["fact"], s["clips"], s["commonest"], parse_estimates(s["estimates"]))
                for s in tree["facts"]
            ],
            "confusion": tree["confusion"],
            "reliability": [ReliabilityBin(b["said"], b["came"], b["n"]) for b in tree["reliability"]],
            "curves": {
                source: RiskCoverage(**{name: np.array(values, float) for name, values in curve.items()})
                for source, curve in tree["curves"].items()
            },
        }


def evaluate_context(
    refs: Sequence[ClipRef],
    predictions: Sequence[ContextPrediction],
    source: TrackSource | None = None,
    clips: Mapping[str, Clip] | None = None,
    seed: int = 0,
) -> ContextResult:
    """Evaluate the predictions for clips; their order makes no difference.

    The same clip may occur on several kinds of tracks: the metrics are those on `source` (None: the first of
    `SOURCES` that occurs), the main ones are also given for the others. clips: the model's input on `source`,
    for figures.
    Raises NoLabelledClips, PredictionUnusable.
    """
    pairs = sorted(zip(refs, predictions, strict=True), key=lambda pair: pair[0].key)
    by_source: dict[TrackSource, list[ClipOutcome]] = {}
    unruled: dict[TrackSource, int] = {}
    for kind in SOURCES:
        its_pairs = [pair for pair in pairs if pair[0].source == kind]
        outcomes, sparse = match_clips([ref for ref, _ in its_pairs], [one for _, one in its_pairs])
        if outcomes:
            by_source[kind], unruled[kind] = outcomes, len(sparse)
    chosen = source or next(iter(by_source), None)
    if chosen is None or chosen not in by_source:
        raise NoLabelledClips(len(refs), source)
    outcomes = by_source[chosen]
    auxiliary = {
        name: estimate
        for kind, others in by_source.items()
        if kind != chosen
        for name, estimate in estimate_auxiliary(others, kind, seed).items()
    }
    return ContextResult(
        estimates={
            **auxiliary,
            **incident_estimates(pair for pair in pairs if pair[0].source == chosen),
            **estimate_metrics(outcomes, seed),
        },
        slices=slice_metrics(outcomes, seed),
        counts=count_clips(outcomes),
        unruled=unruled[chosen],
        edition=str(outcomes[0].prediction.ruling.edition),
        source=chosen,
        facts=fact_scores(outcomes, seed),
        confusion=_confusion(outcomes),
        reliability=reliability(*_offence_columns(outcomes)),
        curves={kind: _curve(others) for kind, others in by_source.items()},
        outcomes=outcomes,
        clips=clips or {},
    )


def _plain(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, Any]]:
    return {name: asdict(estimate) for name, estimate in estimates.items()}


def _confusion(outcomes: Sequence[ClipOutcome]) -> dict[str, dict[str, int]]:
    table = {truth: dict.fromkeys(("offence", "no_offence", "abstained"), 0) for truth in _CLASSES}
    for outcome in outcomes:
        table[outcome.truth]["abstained" if outcome.prediction.abstained else outcome.predicted] += 1
    return table


def _offence_columns(outcomes: Sequence[ClipOutcome]) -> tuple[Floats, Floats]:
    return (
        np.array([outcome.prediction.offence for outcome in outcomes], np.float64),
        np.array([outcome.truth == "offence" for outcome in outcomes], np.float64),
    )


def _curve(outcomes: Sequence[ClipOutcome]) -> RiskCoverage:
    confidence = np.array([outcome.confidence for outcome in outcomes], np.float64)
    return risk_coverage(confidence, np.array([not outcome.is_correct for outcome in outcomes], np.float64))


class ContextValidation(PredictionCollector[ClipRef, ContextPrediction]):
    """Collects the predictions for every clip on each kind of tracks, and logs `val/` metrics.

    The metrics are those of the first kind of `SOURCES` that occurs; the loss is that of all kinds.
    """

    def read_outputs(self, outputs: Any) -> Iterable[tuple[ClipRef, ContextPrediction]]:
        """Pairs of `clips` and `predictions`."""
        return zip(outputs["clips"], outputs["predictions"], strict=True)

    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics."""
        source = next((kind for kind in SOURCES if any(ref.source == kind for ref in self.refs)), None)
        pairs = [pair for pair in zip(self.refs, self.predictions, strict=True) if pair[0].source == source]
        outcomes, _ = match_clips([ref for ref, _ in pairs], [prediction for _, prediction in pairs])
        metrics = decision_metrics(outcomes)(np.ones((1, len(outcomes))))
        for name in LOGGED:
            # the predictions of all processes are gathered: the value is the same in each
            pl_module.log(f"val/{name}", float(metrics[name][0]), sync_dist=False, rank_zero_only=False)


def paired_difference(
    first: Sequence[ClipOutcome], second: Sequence[ClipOutcome], metric: str = "accuracy", seed: int = 0
) -> Estimate:
    """Estimate a metric of the second model minus that of the first, over the clips that both predicted.

    metric: one of `decision_metrics`. Both use the same resamples of matches: hard matches cancel out, so
    that the interval is narrower than that of either.
    """
    by_key = {outcome.ref.key: outcome for outcome in first}
    of_second = [outcome for outcome in second if outcome.ref.key in by_key]
    of_first = [by_key[outcome.ref.key] for outcome in of_second]
    metrics = decision_metrics(of_first), decision_metrics(of_second)

    def difference(weights: Floats) -> dict[str, Floats]:
        return {metric: metrics[1](weights)[metric] - metrics[0](weights)[metric]}

    return bootstrap([outcome.match for outcome in of_second], difference, seed)[metric]


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
