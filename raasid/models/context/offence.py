"""The chance of an offence from chances of facts, by an edition's clauses."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from raasid.laws.facts import fact_values
from raasid.laws.paths import paths_of
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
