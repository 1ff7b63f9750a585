"""An edition of Law 12: an ordered list of clauses, the rules for restart and sanction, and the ruling."""

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
    """One ruling; unknown parts are None."""

    decision: Verdict | None
    """None: abstained, because the known facts allow both."""
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
"""The order in which clauses are tested: the first that holds decides.

A listed offence outweighs an exemption (`even if close`) because body comes before exemption.
"""
Given = TypeVar("Given", Restart, Sanction)


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the Law, paraphrased."""

    name: str
    """Stable: rulings and reports refer to it."""
    stage: Stage
    when: Condition
    decision: Verdict
    confidence: Confidence
    sanction: Sanction | None
    """The card, if this clause fixes it; None: by the edition's rules for sanctions."""
    says: str


@dataclass(frozen=True, slots=True)
class Rule(Generic[Given]):
    """A consequence of an offence, under a condition; the first rule that holds applies."""

    name: str
    when: Condition
    gives: Given


@dataclass(frozen=True, slots=True)
class Edition:
    """A complete edition, with everything that it inherits."""

    id: str
    title: str
    follows: str | None
    """The edition whose clauses it inherits."""
    valid_from: date | None
    """None: before the first edition that is listed here."""
    valid_until: date | None
    """Last day; None: until a later edition."""
    competition: str | None
    """The only competition that an overlay applies to; None: the Laws themselves."""
    clauses: tuple[Clause, ...]
    """In the order in which they are tested."""
    restarts: tuple[Rule[Restart], ...]
    sanctions: tuple[Rule[Sanction], ...]
    sources: tuple[str, ...]
    representatives: dict[str, tuple[Value, ...]] = field(init=False, compare=False, repr=False)
    """One representative value per equivalence class of each fact under this edition."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "representatives", _representatives(self.conditions()))

    def conditions(self) -> list[Condition]:
        """Return every condition of clauses and rules."""
        return [
            *(clause.when for clause in self.clauses),
            *(rule.when for rule in self.restarts),
            *(rule.when for rule in self.sanctions),
        ]


def _representatives(conditions: Iterable[Condition]) -> dict[str, tuple[Value, ...]]:
    """Two values are equivalent if every condition treats them alike."""
    value_sets: dict[str, list[tuple[Value, ...]]] = {}
    for condition in conditions:
        for leaf in condition.leaves():
            value_sets.setdefault(leaf.fact, []).append(leaf.values)
    classes = {
        fact: {tuple(value in values for values in sets): value for value in reversed(fact_values()[fact])}
        for fact, sets in value_sets.items()
    }
    return {fact: tuple(reversed(found.values())) for fact, found in classes.items()}
