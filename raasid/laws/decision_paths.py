"""Decision paths of an edition: from probabilities of facts to the probability of an offence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from raasid.laws.condition import Unknown
from raasid.laws.edition import Clause, Edition, Verdict
from raasid.laws.edition_lookup import get_edition
from raasid.laws.facts import Facts, Value, fact_values

EquivalentValues = dict[str, list[tuple[Value, ...]]]


@dataclass(frozen=True, slots=True)
class DecisionPath:
    """One path through the clauses; every assignment of values to all facts takes exactly one."""

    needs: Mapping[str, tuple[Value, ...]]
    """Fact -> the values for which the path is taken; without facts that do not matter here."""
    clause: str
    decision: Verdict


@cache
def shipped_decision_paths(edition: str) -> tuple[DecisionPath, ...]:
    """Return the paths of a shipped edition, by name; raises EditionUnknown."""
    return decision_paths(get_edition(edition))


def decision_paths(edition: Edition) -> tuple[DecisionPath, ...]:
    """Return every path through an edition's clauses; their probabilities sum to 1.

    The paths exclude each other, so that the probability of an offence is a sum of products if facts are
    independent given the observation: without sampling or threshold, and differentiable.
    """
    return tuple(_walk(Facts(), {}, edition.clauses, _equivalent_values(edition.clauses)))


def _walk(
    facts: Facts,
    needs: Mapping[str, tuple[Value, ...]],
    clauses: tuple[Clause, ...],
    equivalent: EquivalentValues,
) -> Iterator[DecisionPath]:
    for clause in clauses:
        holds = clause.when.holds(facts)
        if isinstance(holds, Unknown):
            for values in equivalent[holds.fact]:
                assumed: dict[str, Any] = {holds.fact: values[0]}
                yield from _walk(
                    replace(facts, **assumed), {**needs, holds.fact: values}, clauses, equivalent
                )
            return
        if holds:
            yield DecisionPath(needs, clause.name, clause.decision)
            return
    raise AssertionError("an edition ends with a clause that always holds")


def _equivalent_values(clauses: tuple[Clause, ...]) -> EquivalentValues:
    """Group the values of each fact that no condition of the clauses tells apart."""
    value_sets: dict[str, list[tuple[Value, ...]]] = {}
    for clause in clauses:
        for leaf in clause.when.leaves():
            value_sets.setdefault(leaf.fact, []).append(leaf.values)
    equivalent: EquivalentValues = {}
    for fact, sets in value_sets.items():
        groups: dict[tuple[bool, ...], list[Value]] = {}
        for value in fact_values()[fact]:
            groups.setdefault(tuple(value in values for values in sets), []).append(value)
        equivalent[fact] = [tuple(values) for values in groups.values()]
    return equivalent
