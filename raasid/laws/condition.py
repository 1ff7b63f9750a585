"""Conditions over facts: a closed vocabulary, three-valued, written as YAML mappings.

`{bigger: true, segment: [hand, forearm]}`: every fact named has one of its values.
`{any: [condition, …]}`: at least one holds. `{not: condition}`: it does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raasid.config.suggestions import did_you_mean
from raasid.laws.facts import Facts, Value, allowed, fact_values, listed


class ConditionUnreadable(ValueError):
    """What is wrong with a condition, and under which key; `edition_file` adds the file."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


@dataclass(frozen=True, slots=True)
class Unknown:
    """Neither true nor false: it hinges on a fact that nobody has determined."""

    fact: str


@dataclass(frozen=True, slots=True)
class FactIs:
    """One fact has one of some values."""

    fact: str
    values: tuple[Value, ...]

    def holds(self, facts: Facts) -> bool | Unknown:
        """Whether it does, as far as the facts tell."""
        seen = getattr(facts, self.fact)
        return Unknown(self.fact) if seen is None else seen in self.values

    def leaves(self) -> Iterator[FactIs]:
        """Yield the questions about single facts."""
        yield self


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several conditions holds."""

    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool | Unknown:
        """One that holds is enough, whatever the others are."""
        return _first(self.parts, facts, decisive=True)

    def leaves(self) -> Iterator[FactIs]:
        """Yield the questions about single facts."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of several conditions holds; none at all always hold."""

    parts: tuple[Condition, ...] = ()

    def holds(self, facts: Facts) -> bool | Unknown:
        """One that does not hold is enough, whatever the others are."""
        return _first(self.parts, facts, decisive=False)

    def leaves(self) -> Iterator[FactIs]:
        """Yield the questions about single facts."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class Not:
    """A condition does not hold."""

    part: Condition

    def holds(self, facts: Facts) -> bool | Unknown:
        """Not, in three values: of the unknown it is unknown."""
        inner = self.part.holds(facts)
        return inner if isinstance(inner, Unknown) else not inner

    def leaves(self) -> Iterator[FactIs]:
        """Yield the questions about single facts."""
        yield from self.part.leaves()


Condition = FactIs | AnyOf | AllOf | Not


def read_condition(stored: Any, key: str) -> Condition:
    """Read a condition from YAML; raises ConditionUnreadable naming the key below `key`."""
    if not isinstance(stored, Mapping):
        raise ConditionUnreadable(key, f"expected a mapping of facts to values, got {stored!r}")
    return AllOf(tuple(_part(name, value, f"{key}.{name}") for name, value in stored.items()))


def _part(name: Any, value: Any, key: str) -> Condition:
    if name == "not":
        return Not(read_condition(value, key))
    if name == "any":
        if not isinstance(value, list) or not value:
            raise ConditionUnreadable(key, f"expected a list of conditions, got {value!r}")
        return AnyOf(tuple(read_condition(part, f"{key}[{place}]") for place, part in enumerate(value)))
    known = fact_values()
    if name not in known:
        raise ConditionUnreadable(
            key, f"no such fact: {name!r}{did_you_mean(str(name), [*known, 'any', 'not'])}"
        )
    values = value if isinstance(value, list) else [value]
    for one in values:
        if not allowed(one, known[name]):
            hint = "; put quotes round no, which YAML reads as false" if "no" in known[name] else ""
            raise ConditionUnreadable(key, f"expected {listed(known[name])}, got {one!r}{hint}")
    if not values:
        raise ConditionUnreadable(key, "expected at least one value, got an empty list")
    return FactIs(name, tuple(values))


def _first(parts: tuple[Condition, ...], facts: Facts, *, decisive: bool) -> bool | Unknown:
    """Look for a part that decides; without one, an unknown part leaves it open."""
    open_: Unknown | None = None
    for part in parts:
        found = part.holds(facts)
        if found is decisive:
            return decisive
        if isinstance(found, Unknown) and open_ is None:
            open_ = found
    return not decisive if open_ is None else open_
