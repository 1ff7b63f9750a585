"""The facts of one contact with the ball, from which every edition derives its ruling.

None is an unknown fact; a ruling that does not depend on it is made without it.
Source of the list: IFAB Laws of the Game, Law 12, editions 2018/19 to 2026/27 (paraphrased).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any, Literal, get_args, get_type_hints

from raasid.errors import DataError

Segment = Literal[
    "hand",
    "forearm",
    "upper_arm",
    "shoulder",
    "head",
    "chest",
    "back",
    "hip",
    "thigh",
    "shin",
    "foot",
    "none",
]
"""The part of the body that the ball touches; `none` if it touches no player."""
ARM: frozenset[str] = frozenset({"hand", "forearm", "upper_arm"})
"""The arm in every edition; whether the shoulder belongs to it depends on the edition."""

Scored = Literal["no", "directly", "immediately", "after_control"]
Chance = Literal["no", "immediately", "after_control"]
TeamMate = Literal["no", "goal", "chance"]
Denied = Literal["nothing", "promising_attack", "goal"]
Value = bool | str
"""A known value of a fact."""


class FactsUnreadable(DataError):
    """Facts with an unknown name or value."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"facts: {name} is {value!r}; expected {expected}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One contact of the ball with one player; the field names are those in annotations."""

    segment: Segment | None = None
    goalkeeper: bool | None = None
    """Whether the touched player is a goalkeeper."""
    in_own_area: bool | None = None
    """Whether the touch happens in the touched player's own penalty area."""
    deliberate: bool | None = None
    """A deliberate touch: the hand or arm moves towards the ball."""
    bigger: bool | None = None
    """The arm makes the body bigger, whatever the reason."""
    justified: bool | None = None
    """The arm's position follows from, or is justified by, the body's movement in that situation."""
    above_shoulder: bool | None = None
    """The arm is above or beyond shoulder level."""
    own_deflection: bool | None = None
    """The ball comes directly off the player's own head or body, foot included."""
    own_play: bool | None = None
    """The player plays the ball on purpose, and it goes from there to the own arm."""
    close_range: bool | None = None
    """The ball comes from another player who is close."""
    falling_support: bool | None = None
    """The player falls, and the arm is between body and ground for support, not extended away."""
    scored: Scored | None = None
    """The touching player's goal: none, directly, immediately after, or after gaining control."""
    chance: Chance | None = None
    """Whether the touch gave the touching player a chance to score, and when."""
    team_mate: TeamMate | None = None
    """What a team-mate got immediately: a goal, a chance, or nothing."""
    denied: Denied | None = None
    """What the touch took from the opponents: a promising attack, a goal or an obvious chance, or nothing."""

    def record(self) -> dict[str, Value]:
        """Return the known facts, as `Clip.facts` stores them."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@cache
def fact_values() -> dict[str, tuple[Value, ...]]:
    """Return every fact with its possible values, in the order of declaration."""
    return {name: _literal_values(hint) for name, hint in get_type_hints(Facts).items()}


def is_allowed(value: object, values: tuple[Value, ...]) -> bool:
    """Whether a value is one of these, of the same type: 1 is not True."""
    return any(value == choice and type(value) is type(choice) for choice in values)


def read_facts(stored: Mapping[str, Any]) -> Facts:
    """Read the facts of a stored record; names that are no facts are ignored.

    Raises FactsUnreadable for a wrong value.
    """
    known = [field.name for field in fields(Facts) if stored.get(field.name) is not None]
    for name in known:
        values = fact_values()[name]
        if not is_allowed(stored[name], values):
            raise FactsUnreadable(name, stored[name], format_values(values))
    return Facts(**{name: stored[name] for name in known})


def format_values(values: tuple[Value, ...]) -> str:
    """Format values as in YAML: `true, false`."""
    return ", ".join(str(value).lower() for value in values)


def _literal_values(hint: Any) -> tuple[Value, ...]:
    out: list[Value] = []
    for part in get_args(hint):
        out += [True, False] if part is bool else [] if part is type(None) else get_args(part)
    return tuple(out)
