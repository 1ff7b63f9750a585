"""Fact by fact: which of the things that decide does the model see, and does it know how well?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.context.matched import ClipOutcome
from raasid.evaluation.context.metrics import over
from raasid.evaluation.context.probabilities import expected_calibration_error
from raasid.laws.facts import Value, fact_values
from raasid.stats.bootstrap import MATCH_RESAMPLES, Estimate, bootstrap_weighted

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FactScore:
    """One fact over the clips that say what is true of it."""

    fact: str
    clips: int
    commonest: float
    """Share of the commonest true value: what saying always the same would get right."""
    estimates: dict[str, Estimate]
    """accuracy of the likeliest value; balanced_accuracy over the true values that occur; ece of the
    likeliest value's probability; brier, summed over the values."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """(N,) of the clips that count: the true value's number, the likeliest one's, and probabilities."""

    matches: list[str]
    true: NDArray[np.int64]
    said: NDArray[np.int64]
    probability: Floats
    squares: Floats


def fact_scores(outcomes: Sequence[ClipOutcome], seed: int = 0) -> list[FactScore]:
    """A score for each fact that the model states, in the Law's order.

    What surrounds a touch is asked of touches alone: where the ball touches nobody, only `segment` counts.
    """
    scores = []
    for fact, values in fact_values().items():
        seen = _seen(outcomes, fact, values)
        if seen.matches:
            counts = np.bincount(seen.true)
            estimates = bootstrap_weighted(seen.matches, _metrics(seen), seed, MATCH_RESAMPLES)
            scores.append(FactScore(fact, len(seen.matches), float(counts.max() / counts.sum()), estimates))
    return scores


def fact_accuracy(outcomes: Sequence[ClipOutcome]) -> Callable[[Floats], dict[str, Floats]]:
    """Accuracy over all facts that are known and stated, each fact weighing the same: `fact_accuracy`."""
    known, right = [], []
    for fact, values in fact_values().items():
        rows = [_row(outcome, fact, values) for outcome in outcomes]
        known.append([row is not None for row in rows])
        right.append([row is not None and row[0] == row[1] for row in rows])
    known_by, right_by = np.array(known, float).T, np.array(right, float).T

    def metrics(weights: Floats) -> dict[str, Floats]:
        per_fact = over(weights @ right_by, weights @ known_by)
        stated = np.isfinite(per_fact)
        return {"fact_accuracy": over(np.nan_to_num(per_fact).sum(axis=1), stated.sum(axis=1).astype(float))}

    return metrics


def _seen(outcomes: Sequence[ClipOutcome], fact: str, values: tuple[Value, ...]) -> _Seen:
    rows = [(outcome.match, row) for outcome in outcomes if (row := _row(outcome, fact, values)) is not None]
    return _Seen(
        [match for match, _ in rows],
        np.array([row[0] for _, row in rows], np.int64),
        np.array([row[1] for _, row in rows], np.int64),
        np.array([row[2] for _, row in rows], np.float64),
        np.array([row[3] for _, row in rows], np.float64),
    )


def _row(outcome: ClipOutcome, fact: str, values: tuple[Value, ...]) -> tuple[int, int, float, float] | None:
    """True value and likeliest (by number), the latter's probability, and the squared error."""
    facts = outcome.ref.facts
    true: Value | None = getattr(facts, fact)
    stated = outcome.judgement.facts.get(fact)
    if true is None or not stated or (fact != "segment" and facts.segment == "none"):
        return None
    probabilities = [stated.get(value, 0.0) for value in values]
    said = int(np.argmax(probabilities))
    number = values.index(true)
    squares = sum((p - (i == number)) ** 2 for i, p in enumerate(probabilities))
    return number, said, probabilities[said], squares


def _metrics(seen: _Seen) -> Callable[[Floats], Mapping[str, Floats]]:
    right = (seen.true == seen.said).astype(float)
    of_value = np.eye(seen.true.max() + 1)[seen.true]

    def metrics(weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)
        recall = over(weights @ (of_value * right[:, None]), weights @ of_value)
        occurs = np.isfinite(recall).sum(axis=1).astype(float)
        return {
            "accuracy": over(weights @ right, total),
            "balanced_accuracy": over(np.nan_to_num(recall).sum(axis=1), occurs),
            "ece": expected_calibration_error(seen.probability, right, weights),
            "brier": over(weights @ seen.squares, total),
        }

    return metrics
