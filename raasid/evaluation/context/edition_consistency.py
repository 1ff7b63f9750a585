"""Season flips: clips that are an offence by one edition of the Laws and none by another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from raasid.evaluation.context.matched import ClipOutcome, decide_cached
from raasid.laws.edition import Verdict
from raasid.laws.edition_lookup import get_edition, shipped_editions
from raasid.laws.facts import Facts
from raasid.stats.bootstrap import Floats, safe_divide


@dataclass(frozen=True, slots=True)
class EditionFlip:
    """A clip and two editions that decide differently on it."""

    clip: str
    editions: tuple[str, str]
    truth: tuple[Verdict, Verdict]
    """The decision of each on the annotated facts."""
    predicted: tuple[Verdict | None, Verdict | None]
    """The decision of each on the predicted facts; None if they allow both."""
    predicted_corrected: tuple[Verdict | None, Verdict | None]
    """The same with the annotated value of every fact that the model predicts."""


def edition_flips(outcome: ClipOutcome, editions: Iterable[str] | None = None) -> list[EditionFlip]:
    """Return every pair of editions that decide differently on the annotated facts."""
    facts = outcome.ref.facts
    names = season_editions() if editions is None else editions
    truth = {
        name: decision for name in names if (decision := decide_cached(facts, name).decision) is not None
    }
    pairs = [pair for pair in combinations(truth, 2) if truth[pair[0]] != truth[pair[1]]]
    predicted, corrected = predicted_facts(outcome), predicted_facts_corrected(outcome)
    return [
        EditionFlip(
            outcome.ref.clip,
            (a, b),
            (truth[a], truth[b]),
            (decide_cached(predicted, a).decision, decide_cached(predicted, b).decision),
            (decide_cached(corrected, a).decision, decide_cached(corrected, b).decision),
        )
        for a, b in pairs
    ]


@cache
def season_editions() -> tuple[str, ...]:
    """Every edition of the Laws, without the variants of single competitions."""
    return tuple(name for name in shipped_editions() if get_edition(name).competition is None)


def predicted_facts(outcome: ClipOutcome) -> Facts:
    """The most likely value of every predicted fact, even at low confidence; else the model's default."""
    predicted: dict[str, Any] = {
        name: max(values, key=lambda value: values[value])
        for name, values in outcome.prediction.facts.items()
        if values
    }
    return replace(outcome.prediction.most_likely, **predicted)


def predicted_facts_corrected(outcome: ClipOutcome) -> Facts:
    """The predicted facts, with the annotated value for each that the model predicts."""
    annotated: dict[str, Any] = {name: getattr(outcome.ref.facts, name) for name in outcome.prediction.facts}
    known = {name: value for name, value in annotated.items() if value is not None}
    return replace(predicted_facts(outcome), **known)


def flip_metrics(
    outcomes: Sequence[ClipOutcome], editions: Iterable[str] | None = None
) -> Callable[[Floats], dict[str, Floats]]:
    """Return shares of flips decided correctly by both editions, from weights (R, N) to name -> (R,).

    season_flips: from the predicted facts. season_flips_given_facts: with the annotated value of every fact
    that the model predicts, which is the upper bound for a model of these facts.
    """
    names = season_editions() if editions is None else list(editions)
    rows = np.zeros((len(outcomes), 3))
    for row, outcome in zip(rows, outcomes, strict=True):
        flips = edition_flips(outcome, names)
        row[:] = (
            len(flips),
            sum(flip.predicted == flip.truth for flip in flips),
            sum(flip.predicted_corrected == flip.truth for flip in flips),
        )

    def metrics(weights: Floats) -> dict[str, Floats]:
        flips, predicted, corrected = (weights @ rows).T
        return {
            "season_flips": safe_divide(predicted, flips),
            "season_flips_given_facts": safe_divide(corrected, flips),
        }

    return metrics
