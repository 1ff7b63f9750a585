"""Trigger `all`: every trigger decides, each with its own record, and the strongest action is taken."""

from __future__ import annotations

from collections.abc import Iterable

from raasid.triggers.decision_record import Action, Decision

STRENGTH: tuple[Action, ...] = ("full", "immediate", "incremental", "scheduled")
"""The strongest first. A full training also serves what the others ask for; one that is immediate does not
wait for a slot, and uses all data, so that it includes new situations."""


def strongest(decisions: Iterable[Decision]) -> Decision | None:
    """Return the decision whose action is the strongest, the first of equals; None if none fires."""
    firing = [(STRENGTH.index(found.action), found) for found in decisions if found.action is not None]
    return min(firing, key=lambda pair: pair[0])[1] if firing else None
