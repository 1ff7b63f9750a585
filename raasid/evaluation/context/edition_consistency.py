"""Season flips: the same touch, an offence by one season's wording and none by another's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raasid.evaluation.context.matched import ClipOutcome, ruled
from raasid.evaluation.context.metrics import over
from raasid.laws.edition import Verdict
from raasid.laws.edition_lookup import edition_named
from raasid.laws.edition_names import shipped_editions
from raasid.laws.facts import Facts

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Flip:
    """A clip and two editions that disagree on it."""

    clip: str
    editions: tuple[str, str]
    truth: tuple[Verdict, Verdict]
    """What each says of the annotated facts."""
    said: tuple[Verdict | None, Verdict | None]
    """What each says of the facts that the model holds likeliest; None where they allow both decisions."""
    given: tuple[Verdict | None, Verdict | None]
    """The same, had the model got every fact right that it states: what it does not see stays its own."""


def flips(outcome: ClipOutcome, editions: Iterable[str] | None = None) -> list[Flip]:
    """Every pair of editions between which the ruling on the annotated facts turns round."""
    facts = outcome.ref.facts
    names = seasons() if editions is None else editions
    right = {name: decision for name in names if (decision := ruled(facts, name).decision) is not None}
    pairs = [pair for pair in combinations(right, 2) if right[pair[0]] != right[pair[1]]]
    likeliest, given = facts_said(outcome), facts_given(outcome)
    return [
        Flip(
            outcome.ref.clip,
            (a, b),
            (right[a], right[b]),
            (ruled(likeliest, a).decision, ruled(likeliest, b).decision),
            (ruled(given, a).decision, ruled(given, b).decision),
        )
        for a, b in pairs
    ]


@cache
def seasons() -> tuple[str, ...]:
    """Every edition of the Laws; what single competitions made of one during a season is none."""
    return tuple(name for name in shipped_editions() if edition_named(name).competition is None)


def facts_said(outcome: ClipOutcome) -> Facts:
    """The likeliest value of every fact that the model states, however unsure; of others, what it assumes."""
    stated: dict[str, Any] = {
        name: max(values, key=lambda value: values[value])
        for name, values in outcome.judgement.facts.items()
        if values
    }
    return replace(outcome.judgement.likeliest, **stated)


def facts_given(outcome: ClipOutcome) -> Facts:
    """The same, with the annotated value for each that it states."""
    stated: dict[str, Any] = {name: getattr(outcome.ref.facts, name) for name in outcome.judgement.facts}
    known = {name: value for name, value in stated.items() if value is not None}
    return replace(facts_said(outcome), **known)


def flip_metrics(
    outcomes: Sequence[ClipOutcome], editions: Iterable[str] | None = None
) -> Callable[[Floats], dict[str, Floats]]:
    """Shares of pairs ruled right by both editions: from weights (R, N) to name -> (R,).

    season_flips: from the facts that the model holds likeliest. season_flips_given_facts: with the
    annotated value of every fact that it states; what is missing there, no training can bring.
    """
    names = seasons() if editions is None else list(editions)
    rows = np.zeros((len(outcomes), 3))
    for row, outcome in zip(rows, outcomes, strict=True):
        pairs = flips(outcome, names)
        row[:] = (
            len(pairs),
            sum(flip.said == flip.truth for flip in pairs),
            sum(flip.given == flip.truth for flip in pairs),
        )

    def metrics(weights: Floats) -> dict[str, Floats]:
        pairs, said, given = (weights @ rows).T
        return {"season_flips": over(said, pairs), "season_flips_given_facts": over(given, pairs)}

    return metrics
