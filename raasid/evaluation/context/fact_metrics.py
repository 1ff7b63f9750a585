"""Metrics per fact: accuracy and calibration of each fact that the Law uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.probabilities import expected_calibration_error
from raasid.laws.facts import Value, fact_values
from raasid.stats.bootstrap import NUM_RESAMPLES_SLOW, Estimate, Floats, Ints, bootstrap, safe_divide


@dataclass(frozen=True, slots=True)
class FactScore:
    """One fact over the clips in which it is annotated."""

    fact: str
    clips: int
    majority: float
    """Share of the most frequent true value: the accuracy of always predicting it."""
    estimates: dict[str, Estimate]
    """accuracy of the most likely value; balanced_accuracy over the true values that occur; ece of the
    most likely value's probability; brier, summed over the values."""


@dataclass(frozen=True, slots=True, eq=False)
class _FactColumns:
    """(N,) per clip: index of the true and of the predicted value, its probability, squared error."""

    matches: list[str]
    true: Ints
    predicted: Ints
    probability: Floats
    squared_error: Floats


def fact_scores(outcomes: Sequence[ClipOutcome], seed: int = 0) -> list[FactScore]:
    """Score each fact that the model predicts, in the Law's order.

    Facts about a touch are scored on touches only: if the ball touches no person, only `segment` counts.
    """
    scores = []
    for fact, values in fact_values().items():
        columns = _columns(outcomes, fact, values)
        if columns.matches:
            counts = np.bincount(columns.true)
            estimates = bootstrap(columns.matches, _metrics(columns), seed, NUM_RESAMPLES_SLOW)
            scores.append(
                FactScore(fact, len(columns.matches), float(counts.max() / counts.sum()), estimates)
            )
    return scores


def fact_accuracy(outcomes: Sequence[ClipOutcome]) -> Callable[[Floats], dict[str, Floats]]:
    """Return the metric `fact_accuracy`: mean accuracy of the facts that are annotated and predicted."""
    known, correct = [], []
    for fact, values in fact_values().items():
        rows = [_row(outcome, fact, values) for outcome in outcomes]
        known.append([row is not None for row in rows])
        correct.append([row is not None and row[0] == row[1] for row in rows])
    known_columns, correct_columns = np.array(known, float).T, np.array(correct, float).T

    def metrics(weights: Floats) -> dict[str, Floats]:
        per_fact = safe_divide(weights @ correct_columns, weights @ known_columns)
        defined = np.isfinite(per_fact)
        return {
            "fact_accuracy": safe_divide(
                np.nan_to_num(per_fact).sum(axis=1), defined.sum(axis=1).astype(float)
            )
        }

    return metrics


def _columns(outcomes: Sequence[ClipOutcome], fact: str, values: tuple[Value, ...]) -> _FactColumns:
    rows = [(outcome.match, row) for outcome in outcomes if (row := _row(outcome, fact, values)) is not None]
    return _FactColumns(
        [match for match, _ in rows],
        np.array([row[0] for _, row in rows], np.int64),
        np.array([row[1] for _, row in rows], np.int64),
        np.array([row[2] for _, row in rows], np.float64),
        np.array([row[3] for _, row in rows], np.float64),
    )


def _row(outcome: ClipOutcome, fact: str, values: tuple[Value, ...]) -> tuple[int, int, float, float] | None:
    """Index of the true and of the predicted value, the latter's probability, and the squared error."""
    facts = outcome.ref.facts
    true: Value | None = getattr(facts, fact)
    probabilities_of = outcome.prediction.facts.get(fact)
    if true is None or not probabilities_of or (fact != "segment" and facts.segment == "none"):
        return None
    probabilities = [probabilities_of.get(value, 0.0) for value in values]
    predicted = int(np.argmax(probabilities))
    true_index = values.index(true)
    squared_error = sum((p - (i == true_index)) ** 2 for i, p in enumerate(probabilities))
    return true_index, predicted, probabilities[predicted], squared_error


def _metrics(columns: _FactColumns) -> Callable[[Floats], Mapping[str, Floats]]:
    correct = (columns.true == columns.predicted).astype(float)
    is_value = np.eye(columns.true.max() + 1)[columns.true]

    def metrics(weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)
        recall = safe_divide(weights @ (is_value * correct[:, None]), weights @ is_value)
        occurs = np.isfinite(recall).sum(axis=1).astype(float)
        return {
            "accuracy": safe_divide(weights @ correct, total),
            "balanced_accuracy": safe_divide(np.nan_to_num(recall).sum(axis=1), occurs),
            "ece": expected_calibration_error(columns.probability, correct, weights),
            "brier": safe_divide(weights @ columns.squared_error, total),
        }

    return metrics
