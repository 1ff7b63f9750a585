"""The context model's metrics as functions of weights, so that a bootstrap can draw clips again and again.

A metric whose denominator is empty is NaN, never 0.

Every context metric of some clips, with its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.probabilities import (
    area_under_risk,
    average_precision,
    expected_calibration_error,
)

Floats = NDArray[np.float64]

Metrics = Callable[[Floats], dict[str, Floats]]

NEAR = (1, 2, 5)
"""Frames within which a touch counts as found in time."""


def context_metrics(outcomes: Sequence[ClipOutcome]) -> Metrics:
    """Every metric of the decision and of the touch: from weights (R, N) to name -> (R,)."""
    decision, touch = decision_metrics(outcomes), touch_metrics(outcomes)
    return lambda weights: decision(weights) | touch(weights)


def decision_metrics(outcomes: Sequence[ClipOutcome]) -> Metrics:
    """Metrics of offence or no offence, on every clip: an abstention counts by the likelier decision.

    accuracy; balanced_accuracy and macro_recall (the same figure by its two names), macro_precision and
    macro_f1 over the classes that occur, precision 0 for a class that is never said; precision and recall
    of offence; pr_auc of either class; ece and brier of the probability of offence; aurc over the
    confidence in the own decision. coverage: clips not abstained; accuracy_answered: right among them;
    false_offences: clips without offence that were called one and not abstained.
    """
    truth = _column(outcome.truth == "offence" for outcome in outcomes)
    said = _column(outcome.said == "offence" for outcome in outcomes)
    offence = _column(outcome.judgement.offence for outcome in outcomes)
    confidence = _column(outcome.confidence for outcome in outcomes)
    answered = _column(not outcome.judgement.abstained for outcome in outcomes)
    right = _column(outcome.right for outcome in outcomes)

    def metrics(weights: Floats) -> dict[str, Floats]:
        def sums(column: Floats) -> Floats:
            return np.asarray(weights @ column)

        everything = weights.sum(axis=1)
        hit, false = sums(truth * said), sums((1 - truth) * said)
        miss, spared = sums(truth * (1 - said)), sums((1 - truth) * (1 - said))
        classes = ((hit, miss, false), (spared, false, miss))
        recall = _over_present(classes, lambda tp, fn, fp: over(tp, tp + fn))
        return {
            "balanced_accuracy": recall,
            "precision": over(hit, hit + false),
            "recall": over(hit, hit + miss),
            "pr_auc_offence": average_precision(offence, truth, weights),
            "pr_auc_no_offence": average_precision(-offence, 1 - truth, weights),
            "brier": over(sums((offence - truth) ** 2), everything),
            "aurc": area_under_risk(confidence, 1 - right, weights),
            "coverage": over(sums(answered), everything),
            "accuracy_answered": over(sums(answered * right), sums(answered)),
            "false_offences": over(sums((1 - truth) * said * answered), sums(1 - truth)),
            "macro_precision": _over_present(
                classes, lambda tp, fn, fp: np.nan_to_num(over(tp, tp + fp), nan=0)
            ),
            "macro_recall": recall,
            "macro_f1": _over_present(classes, lambda tp, fn, fp: over(2 * tp, 2 * tp + fn + fp)),
            "ece": expected_calibration_error(offence, truth, weights),
            "accuracy": over(sums(right), everything),
        }

    return metrics


def touch_metrics(outcomes: Sequence[ClipOutcome]) -> Metrics:
    """Metrics of the touch itself.

    contact_found: annotated touches for which the model names a moment at all; contact_within_N: those
    that it places at most N frames off; contact_error_frames: mean distance of those found.
    false_contact: clips without a touch for which it names one. side_accuracy: of touches of one arm,
    those in which the arm is the right one.
    """
    touched = _column(outcome.ref.contact is not None for outcome in outcomes)
    untouched = _column(outcome.ref.facts.segment == "none" for outcome in outcomes)
    named = _column(outcome.judgement.contact_frame is not None for outcome in outcomes)
    off = _column(_frames_off(outcome) for outcome in outcomes)
    found = np.isfinite(off)
    distance = np.where(found, off, 0.0)
    sided = _column(outcome.ref.side != "none" for outcome in outcomes)
    same = _column(outcome.ref.side == outcome.judgement.side for outcome in outcomes)

    def metrics(weights: Floats) -> dict[str, Floats]:
        touches = weights @ touched
        near = {f"contact_within_{n}": over(weights @ (found & (off <= n)), touches) for n in NEAR}
        return {
            "contact_found": over(weights @ found, touches),
            **near,
            "contact_error_frames": over(weights @ distance, weights @ found),
            "false_contact": over(weights @ (untouched * named), weights @ untouched),
            "side_accuracy": over(weights @ (sided * same), weights @ sided),
        }

    return metrics


def over(numerator: Floats, denominator: Floats) -> Floats:
    """A ratio; NaN where there is nothing to divide by."""
    return np.asarray(
        np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1), np.nan)
    )


def _over_present(
    classes: Sequence[tuple[Floats, Floats, Floats]], metric: Callable[[Floats, Floats, Floats], Floats]
) -> Floats:
    """Mean over the classes that occur, each given as hits, misses and false alarms."""
    present = np.stack([(hit + miss) > 0 for hit, miss, _ in classes])
    values = np.stack([metric(*each) for each in classes])
    return over(np.where(present, values, 0).sum(axis=0), present.sum(axis=0).astype(float))


def _frames_off(outcome: ClipOutcome) -> float:
    said, true = outcome.judgement.contact_frame, outcome.ref.contact
    return float("nan") if said is None or true is None else float(abs(said - true))


def _column(values: Iterable[float]) -> Floats:
    return np.array(list(values), np.float64)
