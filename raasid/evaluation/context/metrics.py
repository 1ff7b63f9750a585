"""The context model's metrics with intervals: functions of the clips' weights, which a bootstrap varies.

A metric whose denominator is 0 is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from raasid.datasets.context.tracks_config import TrackSource
from raasid.evaluation.context.edition_consistency import flip_metrics
from raasid.evaluation.context.fact_metrics import fact_accuracy
from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.probabilities import (
    area_under_risk,
    ece_by_chance,
    expected_calibration_error,
    weighted_average_precision,
)
from raasid.evaluation.result import Slice, compute_slices
from raasid.stats.bootstrap import NUM_RESAMPLES_SLOW, Estimate, Floats, bootstrap, safe_divide
from raasid.tasks import TASKS

PRIMARY_METRICS = tuple(reversed(TASKS["context"].primary_metrics))

AUXILIARY_METRICS = ("contact_within_2", "coverage", *PRIMARY_METRICS)
"""Metrics that are also estimated on the other kinds of tracks of the same evaluation."""

Metrics = Callable[[Floats], dict[str, Floats]]

WITHIN_FRAMES = (1, 2, 5)
"""Distances, in frames, of `contact_within_N`."""


def estimate_metrics(outcomes: Sequence[ClipOutcome], seed: int) -> dict[str, Estimate]:
    """Estimate every metric, the primary ones last; `ece_by_chance` is a reference value for `ece`."""
    parts = (context_metrics(outcomes), fact_accuracy(outcomes), flip_metrics(outcomes))

    def metrics(weights: Floats) -> dict[str, Floats]:
        return {name: values for part in parts for name, values in part(weights).items()}

    estimates = bootstrap([outcome.match for outcome in outcomes], metrics, seed)
    accuracy = estimates["accuracy"]
    offence = np.array([outcome.prediction.offence for outcome in outcomes], np.float64)
    nan = float("nan")
    estimates["ece_by_chance"] = Estimate(ece_by_chance(offence, seed), nan, nan, accuracy.n, accuracy.unit)
    return {
        name: estimates[name]
        for name in (*(n for n in estimates if n not in PRIMARY_METRICS), *PRIMARY_METRICS)
    }


def estimate_auxiliary(
    outcomes: Sequence[ClipOutcome], source: TrackSource, seed: int
) -> dict[str, Estimate]:
    """Estimate the main metrics on other tracks of the same clips: `accuracy_truth_tracks`."""
    estimates = bootstrap([outcome.match for outcome in outcomes], context_metrics(outcomes), seed)
    return {f"{name}_{source}_tracks": estimates[name] for name in AUXILIARY_METRICS}


def count_clips(outcomes: Sequence[ClipOutcome]) -> dict[str, int]:
    """Count the samples."""
    return {
        "clips": len(outcomes),
        "offences": sum(outcome.truth == "offence" for outcome in outcomes),
        "matches": len({outcome.match for outcome in outcomes}),
    }


def slice_metrics(outcomes: Sequence[ClipOutcome], seed: int) -> list[Slice]:
    """Estimate the metrics of the decision per tag and per match."""
    return compute_slices(
        outcomes,
        count_clips,
        lambda part: bootstrap([o.match for o in part], decision_metrics(part), seed, NUM_RESAMPLES_SLOW),
    )


def context_metrics(outcomes: Sequence[ClipOutcome]) -> Metrics:
    """Return every metric of decision and touch: a function from weights (R, N) to name -> (R,)."""
    decision, touch = decision_metrics(outcomes), touch_metrics(outcomes)
    return lambda weights: decision(weights) | touch(weights)


def decision_metrics(outcomes: Sequence[ClipOutcome]) -> Metrics:
    """Return the metrics of offence or no offence; an abstention counts by the more probable decision.

    accuracy; balanced_accuracy and macro_recall (the same figure by its two names), macro_precision and
    macro_f1 over the classes that occur, precision 0 for a class that is never predicted; precision and
    recall of offence; pr_auc of either class; ece and brier of the probability of offence; aurc over the
    confidence in the decision. coverage: clips not abstained; accuracy_answered: correct among them;
    false_offences: clips without offence that are predicted as one without abstention.
    """
    truth = _column(outcome.truth == "offence" for outcome in outcomes)
    predicted = _column(outcome.predicted == "offence" for outcome in outcomes)
    offence = _column(outcome.prediction.offence for outcome in outcomes)
    confidence = _column(outcome.confidence for outcome in outcomes)
    answered = _column(not outcome.prediction.abstained for outcome in outcomes)
    correct = _column(outcome.is_correct for outcome in outcomes)

    def metrics(weights: Floats) -> dict[str, Floats]:
        def sums(column: Floats) -> Floats:
            return np.asarray(weights @ column)

        total = weights.sum(axis=1)
        hit, false_alarm = sums(truth * predicted), sums((1 - truth) * predicted)
        miss, true_negative = sums(truth * (1 - predicted)), sums((1 - truth) * (1 - predicted))
        classes = ((hit, miss, false_alarm), (true_negative, false_alarm, miss))
        recall = _over_present(classes, lambda tp, fn, fp: safe_divide(tp, tp + fn))
        return {
            "balanced_accuracy": recall,
            "precision": safe_divide(hit, hit + false_alarm),
            "recall": safe_divide(hit, hit + miss),
            "pr_auc_offence": weighted_average_precision(offence, truth, weights),
            "pr_auc_no_offence": weighted_average_precision(-offence, 1 - truth, weights),
            "brier": safe_divide(sums((offence - truth) ** 2), total),
            "aurc": area_under_risk(confidence, 1 - correct, weights),
            "coverage": safe_divide(sums(answered), total),
            "accuracy_answered": safe_divide(sums(answered * correct), sums(answered)),
            "false_offences": safe_divide(sums((1 - truth) * predicted * answered), sums(1 - truth)),
            "macro_precision": _over_present(
                classes, lambda tp, fn, fp: np.nan_to_num(safe_divide(tp, tp + fp), nan=0)
            ),
            "macro_recall": recall,
            "macro_f1": _over_present(classes, lambda tp, fn, fp: safe_divide(2 * tp, 2 * tp + fn + fp)),
            "ece": expected_calibration_error(offence, truth, weights),
            "accuracy": safe_divide(sums(correct), total),
        }

    return metrics


def touch_metrics(outcomes: Sequence[ClipOutcome]) -> Metrics:
    """Return the metrics of the touch.

    contact_found: annotated touches for which the model predicts a touch; contact_within_N: those predicted
    at most N frames off; contact_error_frames: mean distance of those found.
    false_contact: clips without a touch for which it predicts one. side_accuracy: touches of one arm for
    which it predicts the correct one.
    """
    touched = _column(outcome.ref.contact is not None for outcome in outcomes)
    untouched = _column(outcome.ref.facts.segment == "none" for outcome in outcomes)
    touch_predicted = _column(outcome.prediction.contact_frame is not None for outcome in outcomes)
    error = _column(_frame_error(outcome) for outcome in outcomes)
    found = np.isfinite(error)
    distance = np.where(found, error, 0.0)
    one_sided = _column(outcome.ref.side != "none" for outcome in outcomes)
    same_side = _column(outcome.ref.side == outcome.prediction.side for outcome in outcomes)

    def metrics(weights: Floats) -> dict[str, Floats]:
        touches = weights @ touched
        within = {
            f"contact_within_{n}": safe_divide(weights @ (found & (error <= n)), touches)
            for n in WITHIN_FRAMES
        }
        return {
            "contact_found": safe_divide(weights @ found, touches),
            **within,
            "contact_error_frames": safe_divide(weights @ distance, weights @ found),
            "false_contact": safe_divide(weights @ (untouched * touch_predicted), weights @ untouched),
            "side_accuracy": safe_divide(weights @ (one_sided * same_side), weights @ one_sided),
        }

    return metrics


def _over_present(
    classes: Sequence[tuple[Floats, Floats, Floats]], metric: Callable[[Floats, Floats, Floats], Floats]
) -> Floats:
    """Mean over the classes that occur, each given as hits, misses and false alarms."""
    present = np.stack([(hit + miss) > 0 for hit, miss, _ in classes])
    values = np.stack([metric(*each) for each in classes])
    return safe_divide(np.where(present, values, 0).sum(axis=0), present.sum(axis=0).astype(float))


def _frame_error(outcome: ClipOutcome) -> float:
    predicted, true = outcome.prediction.contact_frame, outcome.ref.contact
    return float("nan") if predicted is None or true is None else float(abs(predicted - true))


def _column(values: Iterable[float]) -> Floats:
    return np.array(list(values), np.float64)
