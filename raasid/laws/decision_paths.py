"""An edition as a tree of questions about facts: from probabilities of facts to that of an offence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from raasid.laws.condition import Unknown
from raasid.laws.edition import Clause, Edition, Verdict
from raasid.laws.edition_lookup import edition_named
from raasid.laws.facts import Facts, Value, fact_values

Kinds = dict[str, list[tuple[Value, ...]]]


@dataclass(frozen=True, slots=True)
class Path:
    """One way through the clauses; every assignment of values to all facts takes exactly one."""

    needs: Mapping[str, tuple[Value, ...]]
    """Fact -> the values with which this way is taken; facts that do not matter here are not in it."""
    clause: str
    decision: Verdict


def paths(law: Edition) -> tuple[Path, ...]:
    """Every way through an edition's clauses; their chances add up to 1.

    Because the ways exclude each other, the chance of an offence is a sum of products wherever facts are
    independent given what was seen: no sampling, no cut-off, and it can be differentiated.
    """
    return tuple(_walk(Facts(), {}, law.clauses, _kinds(law.clauses)))


@cache
def paths_of(edition: str) -> tuple[Path, ...]:
    """The same of a shipped edition, by name. Raises EditionUnknown."""
    return paths(edition_named(edition))


def _walk(
    facts: Facts, needs: Mapping[str, tuple[Value, ...]], clauses: tuple[Clause, ...], kinds: Kinds
) -> Iterator[Path]:
    for clause in clauses:
        holds = clause.when.holds(facts)
        if isinstance(holds, Unknown):
            for values in kinds[holds.fact]:
                supposed: dict[str, Any] = {holds.fact: values[0]}
                yield from _walk(replace(facts, **supposed), {**needs, holds.fact: values}, clauses, kinds)
            return
        if holds:
            yield Path(needs, clause.name, clause.decision)
            return
    raise AssertionError("an edition ends with a clause that always holds")


def _kinds(clauses: tuple[Clause, ...]) -> Kinds:
    """Values that every condition of the clauses treats alike, by fact."""
    sets: dict[str, list[tuple[Value, ...]]] = {}
    for clause in clauses:
        for leaf in clause.when.leaves():
            sets.setdefault(leaf.fact, []).append(leaf.values)
    kinds: Kinds = {}
    for fact, asked in sets.items():
        alike: dict[tuple[bool, ...], list[Value]] = {}
        for value in fact_values()[fact]:
            alike.setdefault(tuple(value in values for values in asked), []).append(value)
        kinds[fact] = [tuple(values) for values in alike.values()]
    return kinds
