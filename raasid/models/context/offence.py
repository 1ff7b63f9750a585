"""Offence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor

from raasid.laws.decide import judge
from raasid.laws.decision_paths import Path, paths_of
from raasid.laws.edition import Ruling
from raasid.laws.facts import Facts, Value, fact_values
from raasid.models.context.net import SIZES

_FIRST = {name: sum(SIZES[:i]) for i, name in enumerate(fact_values())}


@cache
def _ways(edition: str) -> tuple[Tensor, Tensor]:
    """(ways, facts, sum of SIZES) which values each way allows, and (ways,) whether it ends in an offence."""
    ways = paths_of(edition)
    names = list(fact_values())
    allows = torch.zeros(len(ways), len(names), sum(SIZES), dtype=torch.bool)
    for row, way in enumerate(ways):
        for column, (name, values) in enumerate(fact_values().items()):
            for at, value in enumerate(values):
                allows[row, column, _FIRST[name] + at] = value in way.needs.get(name, values)
    return allows, torch.tensor([way.decision == "offence" for way in ways])


def offence_chance(chances: Tensor, edition: str) -> Tensor:
    """(..., sum of SIZES) probabilities of values, facts independent -> (...) probability of an offence."""
    allows, offence = _ways(edition)
    allows = allows[offence].to(chances)
    # (ways, facts): the chance that each fact has a value with which the way is taken
    each = torch.einsum("...v,wfv->...wf", chances, allows)
    return each.prod(-1).sum(-1)


SURE = 0.6
"""A fact that the decision does not need is named from this probability on."""


def likeliest(
    chances: Mapping[str, Mapping[Value, float]], offence: bool, edition: str
) -> tuple[Facts, Ruling, tuple[str, ...]]:
    """The likeliest facts that lead to a decision, their ruling, and the facts that would be needed for one.

    chances: of the facts that the model can see; the others stay None.
    offence: which decision. Of all ways through the edition's clauses to it the likeliest is taken, and each
    fact gets its likeliest value of those that lie on this way: facts and decision agree.
    """
    asked = "offence" if offence else "no_offence"
    ways = [way for way in paths_of(edition) if way.decision == asked]
    way = max(ways, key=lambda way: _log_chance(way, chances))
    named: dict[str, Any] = {}
    for fact, of_value in chances.items():
        needed = way.needs.get(fact)
        values = needed or fact_values()[fact]
        best = max(values, key=lambda value: of_value.get(value, 0.0))
        if needed or of_value.get(best, 0.0) >= SURE:
            named[fact] = best
    facts = Facts(**named)
    said = judge(facts, edition)
    return facts, said.ruling, said.missing


def _log_chance(way: Path, chances: Mapping[str, Mapping[Value, float]]) -> float:
    total = 0.0
    for fact, values in way.needs.items():
        of_value = chances.get(fact)
        if of_value is None:
            share = len(values) / len(fact_values()[fact])
        else:
            share = sum(of_value.get(value, 0.0) for value in values)
        total += math.log(max(share, 1e-12))
    return total
