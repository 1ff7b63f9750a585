"""One season's wording as an ordered list of clauses, and the rules for restart and card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, Literal, TypeVar

from raasid.laws.condition import Condition
from raasid.laws.facts import Value, fact_values

Verdict = Literal["offence", "no_offence"]

Restart = Literal["penalty", "direct_free_kick", "indirect_free_kick", "play_on"]

Sanction = Literal["none", "yellow", "red"]

Confidence = Literal["clear", "discretionary"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """One ruling; what its source does not say is None."""

    decision: Verdict | None
    """None: abstained, because the facts that are known allow both."""
    restart: Restart | None = None
    sanction: Sanction | None = None
    clause: str | None = None
    """Name of the clause that decided, as the edition's file has it."""
    confidence: Confidence | None = None
    """Discretionary where the edition says "usually", or leaves the point to the referee."""
    edition: str | None = None

    @property
    def abstained(self) -> bool:
        """Whether there is no decision."""
        return self.decision is None


Stage = Literal["contact", "goalkeeper", "deliberate", "goal", "excuse", "body", "exemption", "otherwise"]
"""The order in which clauses are read: the first that holds decides.

That a listed offence outweighs an exemption (`even if close`) is this order: body before exemption.
"""
Given = TypeVar("Given", Restart, Sanction)


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the wording, paraphrased."""

    name: str
    """Stable: rulings and reports refer to it."""
    stage: Stage
    when: Condition
    decision: Verdict
    confidence: Confidence
    sanction: Sanction | None
    """The card, where this clause fixes it; None: as the edition's rules for cards say."""
    says: str


@dataclass(frozen=True, slots=True)
class Rule(Generic[Given]):
    """What follows from an offence, under a condition; the first rule that holds counts."""

    name: str
    when: Condition
    gives: Given


@dataclass(frozen=True, slots=True)
class Edition:
    """A wording, complete: what it inherits is in it."""

    id: str
    title: str
    follows: str | None
    """The edition whose clauses it inherits."""
    valid_from: date | None
    """None: from time immemorial."""
    valid_until: date | None
    """Last day; None: until a later edition comes."""
    competition: str | None
    """The only competition that it is for: an overlay. None: the Laws themselves."""
    clauses: tuple[Clause, ...]
    """In reading order."""
    restarts: tuple[Rule[Restart], ...]
    sanctions: tuple[Rule[Sanction], ...]
    sources: tuple[str, ...]
    telling: dict[str, tuple[Value, ...]] = field(init=False, compare=False, repr=False)
    """Of each fact one value of every kind that this edition tells apart."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "telling", _telling(self.conditions()))

    def conditions(self) -> list[Condition]:
        """Every condition that it asks."""
        return [
            *(clause.when for clause in self.clauses),
            *(rule.when for rule in self.restarts),
            *(rule.when for rule in self.sanctions),
        ]


def _telling(conditions: Iterable[Condition]) -> dict[str, tuple[Value, ...]]:
    """Two values are of one kind if they are in the same of the sets that any condition names."""
    asked: dict[str, list[tuple[Value, ...]]] = {}
    for condition in conditions:
        for leaf in condition.leaves():
            asked.setdefault(leaf.fact, []).append(leaf.values)
    kinds = {
        fact: {tuple(value in values for values in sets): value for value in reversed(fact_values()[fact])}
        for fact, sets in asked.items()
    }
    return {fact: tuple(reversed(found.values())) for fact, found in kinds.items()}
