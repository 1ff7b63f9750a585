"""Offence probability from fact probabilities by an edition's clauses, and the most likely facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor

from raasid.laws.decide import DecisionPath, derive_ruling, shipped_decision_paths
from raasid.laws.edition import Ruling
from raasid.laws.facts import Facts, Value, fact_values
from raasid.models.context.net import FACT_SIZES

MIN_FACT_PROBABILITY = 0.6
"""A fact that the decision does not depend on is named from this probability on."""
_FIRST_VALUE = {name: sum(FACT_SIZES[:i]) for i, name in enumerate(fact_values())}
"""Fact -> index of its first value among all values of all facts."""


def offence_probability(probabilities: Tensor, edition: str) -> Tensor:
    """(..., sum of FACT_SIZES) probabilities of values -> (...) probability of an offence.

    Exact for independent facts: the sum over all decision paths of the edition that end in an offence.
    """
    allows, offence = _path_masks(edition)
    allows = allows[offence].to(probabilities)
    # (paths, facts): the probability that each fact has a value with which the path is taken
    each = torch.einsum("...v,wfv->...wf", probabilities, allows)
    return each.prod(-1).sum(-1)


@cache
def _path_masks(edition: str) -> tuple[Tensor, Tensor]:
    """(paths, facts, sum of FACT_SIZES) the values that each path allows, and (paths,) whether it is one
    to an offence.
    """
    paths = shipped_decision_paths(edition)
    names = list(fact_values())
    allows = torch.zeros(len(paths), len(names), sum(FACT_SIZES), dtype=torch.bool)
    for row, path in enumerate(paths):
        for column, (name, values) in enumerate(fact_values().items()):
            for i, value in enumerate(values):
                allows[row, column, _FIRST_VALUE[name] + i] = value in path.needs.get(name, values)
    return allows, torch.tensor([path.decision == "offence" for path in paths])


def most_likely_facts(
    probabilities: Mapping[str, Mapping[Value, float]], offence: bool, edition: str
) -> tuple[Facts, Ruling, tuple[str, ...]]:
    """Return the most likely facts that lead to a decision, their ruling, and the facts that it lacks.

    probabilities: of the facts that the model can predict; the others stay None.
    offence: the decision. The most likely decision path of the edition to it is taken, and each fact gets its
    most likely value among those on this path, so that facts and decision agree.
    """
    wanted = "offence" if offence else "no_offence"
    paths = [path for path in shipped_decision_paths(edition) if path.decision == wanted]
    path = max(paths, key=lambda path: _log_probability(path, probabilities))
    values_of: dict[str, Any] = {}
    for fact, of_value in probabilities.items():
        needed = path.needs.get(fact)
        values = needed or fact_values()[fact]
        best = max(values, key=lambda value: of_value.get(value, 0.0))
        if needed or of_value.get(best, 0.0) >= MIN_FACT_PROBABILITY:
            values_of[fact] = best
    facts = Facts(**values_of)
    result = derive_ruling(facts, edition)
    return facts, result.ruling, result.missing


def _log_probability(path: DecisionPath, probabilities: Mapping[str, Mapping[Value, float]]) -> float:
    total = 0.0
    for fact, values in path.needs.items():
        of_value = probabilities.get(fact)
        if of_value is None:
            share = len(values) / len(fact_values()[fact])
        else:
            share = sum(of_value.get(value, 0.0) for value in values)
        total += math.log(max(share, 1e-12))
    return total
