"""Conditions on facts in three-valued logic, written as YAML mappings.

`{bigger: true, segment: [hand, forearm]}`: every named fact has one of its values.
`{any: [condition, …]}`: at least one holds. `{not: condition}`: it does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raasid.config.suggestions import did_you_mean
from raasid.laws.facts import Facts, Value, fact_values, format_values, is_allowed


class ConditionUnreadable(ValueError):
    """What is wrong with a condition, and under which key; the loader adds the file."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


@dataclass(frozen=True, slots=True)
class Unknown:
    """Neither true nor false: it depends on an unknown fact."""

    fact: str


@dataclass(frozen=True, slots=True)
class FactIs:
    """A fact has one of the given values."""

    fact: str
    values: tuple[Value, ...]

    def holds(self, facts: Facts) -> bool | Unknown:
        """Return whether the condition holds."""
        value = getattr(facts, self.fact)
        return Unknown(self.fact) if value is None else value in self.values

    def leaves(self) -> Iterator[FactIs]:
        """Yield the conditions on single facts."""
        yield self


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several conditions holds."""

    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool | Unknown:
        """Return true if a part holds, even if others are unknown."""
        return _combine(self.parts, facts, decisive=True)

    def leaves(self) -> Iterator[FactIs]:
        """Yield the conditions on single facts."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of several conditions hold; an empty list always holds."""

    parts: tuple[Condition, ...] = ()

    def holds(self, facts: Facts) -> bool | Unknown:
        """Return false if a part does not hold, even if others are unknown."""
        return _combine(self.parts, facts, decisive=False)

    def leaves(self) -> Iterator[FactIs]:
        """Yield the conditions on single facts."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class Not:
    """A condition does not hold."""

    part: Condition

    def holds(self, facts: Facts) -> bool | Unknown:
        """Return the negation; unknown stays unknown."""
        inner = self.part.holds(facts)
        return inner if isinstance(inner, Unknown) else not inner

    def leaves(self) -> Iterator[FactIs]:
        """Yield the conditions on single facts."""
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
        return AnyOf(tuple(read_condition(part, f"{key}[{index}]") for index, part in enumerate(value)))
    known = fact_values()
    if name not in known:
        raise ConditionUnreadable(
            key, f"no such fact: {name!r}{did_you_mean(str(name), [*known, 'any', 'not'])}"
        )
    values = value if isinstance(value, list) else [value]
    for item in values:
        if not is_allowed(item, known[name]):
            hint = "; put quotes round no, which YAML reads as false" if "no" in known[name] else ""
            raise ConditionUnreadable(key, f"expected {format_values(known[name])}, got {item!r}{hint}")
    if not values:
        raise ConditionUnreadable(key, "expected at least one value, got an empty list")
    return FactIs(name, tuple(values))


def _combine(parts: tuple[Condition, ...], facts: Facts, *, decisive: bool) -> bool | Unknown:
    """Return `decisive` if a part has that value, else unknown if a part is unknown."""
    unknown: Unknown | None = None
    for part in parts:
        found = part.holds(facts)
        if found is decisive:
            return decisive
        if isinstance(found, Unknown) and unknown is None:
            unknown = found
    return not decisive if unknown is None else unknown
