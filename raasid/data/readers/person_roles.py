"""From the names that annotators give to people to the roles of our records."""

from __future__ import annotations

from raasid.data.records import Role

_ROLES: tuple[tuple[str, Role], ...] = (
    ("keeper", "goalkeeper"),
    ("referee", "referee"),
    ("linesman", "referee"),
    ("player", "player"),
    ("person", "player"),
)
"""A part of the name -> the role; the first that fits counts."""


def role_called(name: str) -> Role:
    """Return the role in a class name such as `Goalkeeper` or `player team left`; else `other`."""
    folded = name.casefold()
    return next((role for part, role in _ROLES if part in folded), "other")
