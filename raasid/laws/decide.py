"""From facts to a ruling by one edition's wording.

A condition over facts that nobody has determined is followed both ways. Where all ways lead to the
same decision it stands; where they do not, there is none: an abstention is never a guess.

What a referee says: offence or not, how play goes on, which card.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from raasid.laws.condition import Unknown
from raasid.laws.edition import Clause, Edition, Restart, Rule, Ruling, Sanction
from raasid.laws.edition_lookup import edition_named
from raasid.laws.facts import Facts

Given = TypeVar("Given", Restart, Sanction)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A ruling, and what stands in its way."""

    ruling: Ruling
    missing: tuple[str, ...]
    """Facts that nobody has determined and on which the decision hinges; empty unless abstained."""


def decide(facts: Facts, edition: Edition | str) -> Ruling:
    """Return the ruling; restart, card and clause only where all that is possible agrees on them.

    Raises EditionUnknown for a name that is no edition.
    """
    return judge(facts, edition).ruling


def judge(facts: Facts, edition: Edition | str) -> Judgement:
    """Return the ruling, and the facts that would be needed where it abstains."""
    law = edition if isinstance(edition, Edition) else edition_named(edition)
    ways, hinges = _ways(facts, law)
    if len({clause.decision for clause, _ in ways}) > 1:
        missing = tuple(field.name for field in fields(Facts) if field.name in hinges)
        return Judgement(Ruling(None, edition=law.id), missing)
    restarts, sanctions = zip(*(_consequences(clause, seen, law) for clause, seen in ways), strict=True)
    ruling = Ruling(
        decision=ways[0][0].decision,
        restart=_agreed(set().union(*restarts)),
        sanction=_agreed(set().union(*sanctions)),
        clause=_agreed({clause.name for clause, _ in ways}),
        confidence="discretionary" if any(clause.confidence != "clear" for clause, _ in ways) else "clear",
        edition=law.id,
    )
    return Judgement(ruling, ())


Way = tuple[Clause, Facts]
"""A clause that may decide, and the facts, some of them supposed, under which it does."""


def _ways(facts: Facts, law: Edition) -> tuple[list[Way], frozenset[str]]:
    """Every clause that may decide; and the facts on which it hinges whether there is an offence."""
    for clause in law.clauses:
        holds = clause.when.holds(facts)
        if isinstance(holds, Unknown):
            return _branch(holds.fact, facts, law)
        if holds:
            return [(clause, facts)], frozenset()
    raise AssertionError(f"edition {law.id} ends without a clause that always holds")


def _branch(fact: str, facts: Facts, law: Edition) -> tuple[list[Way], frozenset[str]]:
    branches = [_ways(supposed, law) for supposed in _suppositions(fact, facts, law)]
    decisions = {clause.decision for ways, _ in branches for clause, _ in ways}
    hinges = frozenset[str]().union(*(inner for _, inner in branches))
    if len(decisions) > 1:
        hinges |= {fact}
    return [way for ways, _ in branches for way in ways], hinges


def _suppositions(fact: str, facts: Facts, law: Edition) -> Iterator[Facts]:
    for value in law.telling[fact]:
        supposed: dict[str, Any] = {fact: value}
        yield replace(facts, **supposed)


def _consequences(clause: Clause, facts: Facts, law: Edition) -> tuple[set[Restart], set[Sanction]]:
    if clause.decision == "no_offence":
        return {"play_on"}, {"none"}
    fixed = {clause.sanction} if clause.sanction is not None else None
    return set(_given(law.restarts, facts, law)), fixed or set(_given(law.sanctions, facts, law))


def _given(rules: Sequence[Rule[Given]], facts: Facts, law: Edition) -> Iterator[Given]:
    for rule in rules:
        holds = rule.when.holds(facts)
        if isinstance(holds, Unknown):
            for supposed in _suppositions(holds.fact, facts, law):
                yield from _given(rules, supposed, law)
            return
        if holds:
            yield rule.gives
            return


def _agreed(values: set[T]) -> T | None:
    return next(iter(values)) if len(values) == 1 else None
