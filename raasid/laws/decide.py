"""Derive a ruling from facts by one edition.

A condition on an unknown fact is followed both ways. If all ways lead to the same decision it is made;
otherwise the ruling abstains: an abstention is never a guess. An edition's decision paths lead from the
probabilities of facts to that of an offence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeVar

from raasid.laws.condition import Unknown
from raasid.laws.edition import Clause, Edition, Restart, Rule, Ruling, Sanction, Verdict
from raasid.laws.edition_lookup import get_edition
from raasid.laws.facts import Facts, Value, fact_values

Given = TypeVar("Given", Restart, Sanction)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RulingResult:
    """A ruling, and the facts that it lacks."""

    ruling: Ruling
    missing: tuple[str, ...]
    """Unknown facts on which the decision depends; empty unless abstained."""


def decide(facts: Facts, edition: Edition | str) -> Ruling:
    """Return the ruling; restart, sanction and clause are None where the possible ones differ.

    Raises EditionUnknown for a name that is no edition.
    """
    return derive_ruling(facts, edition).ruling


def derive_ruling(facts: Facts, edition: Edition | str) -> RulingResult:
    """Return the ruling and, if it abstains, the unknown facts that it depends on."""
    law = edition if isinstance(edition, Edition) else get_edition(edition)
    outcomes, depends_on = _possible_outcomes(facts, law)
    if len({clause.decision for clause, _ in outcomes}) > 1:
        missing = tuple(field.name for field in fields(Facts) if field.name in depends_on)
        return RulingResult(Ruling(None, edition=law.id), missing)
    restarts, sanctions = zip(
        *(_consequences(clause, assumed, law) for clause, assumed in outcomes), strict=True
    )
    ruling = Ruling(
        decision=outcomes[0][0].decision,
        restart=_common_value(set().union(*restarts)),
        sanction=_common_value(set().union(*sanctions)),
        clause=_common_value({clause.name for clause, _ in outcomes}),
        confidence="discretionary"
        if any(clause.confidence != "clear" for clause, _ in outcomes)
        else "clear",
        edition=law.id,
    )
    return RulingResult(ruling, ())


Outcome = tuple[Clause, Facts]
"""A clause that may decide, and the facts, some of them assumed, under which it does."""


def _possible_outcomes(facts: Facts, law: Edition) -> tuple[list[Outcome], frozenset[str]]:
    """Return every clause that may decide, and the unknown facts on which the decision depends."""
    for clause in law.clauses:
        holds = clause.when.holds(facts)
        if isinstance(holds, Unknown):
            return _branch_on(holds.fact, facts, law)
        if holds:
            return [(clause, facts)], frozenset()
    raise AssertionError(f"edition {law.id} ends without a clause that always holds")


def _branch_on(fact: str, facts: Facts, law: Edition) -> tuple[list[Outcome], frozenset[str]]:
    branches = [_possible_outcomes(assumed, law) for assumed in _assumptions(fact, facts, law)]
    decisions = {clause.decision for outcomes, _ in branches for clause, _ in outcomes}
    depends_on = frozenset[str]().union(*(inner for _, inner in branches))
    if len(decisions) > 1:
        depends_on |= {fact}
    return [outcome for outcomes, _ in branches for outcome in outcomes], depends_on


def _assumptions(fact: str, facts: Facts, law: Edition) -> Iterator[Facts]:
    for value in law.representatives[fact]:
        assumed: dict[str, Any] = {fact: value}
        yield replace(facts, **assumed)


def _consequences(clause: Clause, facts: Facts, law: Edition) -> tuple[set[Restart], set[Sanction]]:
    if clause.decision == "no_offence":
        return {"play_on"}, {"none"}
    fixed = {clause.sanction} if clause.sanction is not None else None
    return set(_apply_rules(law.restarts, facts, law)), fixed or set(_apply_rules(law.sanctions, facts, law))


def _apply_rules(rules: Sequence[Rule[Given]], facts: Facts, law: Edition) -> Iterator[Given]:
    for rule in rules:
        holds = rule.when.holds(facts)
        if isinstance(holds, Unknown):
            for assumed in _assumptions(holds.fact, facts, law):
                yield from _apply_rules(rules, assumed, law)
            return
        if holds:
            yield rule.gives
            return


def _common_value(values: set[T]) -> T | None:
    return next(iter(values)) if len(values) == 1 else None


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
