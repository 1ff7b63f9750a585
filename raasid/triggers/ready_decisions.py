"""Which decisions may be acted upon now, and which of them is: the one with the strongest action."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from raasid.triggers.decision_record import Action, Decision
from raasid.triggers.retraining_history import Retraining
from raasid.triggers.slots import is_open, parse_slot


def ready_decisions(
    decisions: Iterable[Decision], history: Sequence[Retraining], champion: str | None, now: datetime
) -> list[Decision]:
    """Return the decisions that ask for a retraining which may begin now, in the order given.

    decisions: on one model, those just made and those recorded. history: ended retrainings. champion: the
    version in service; a decision on another one is overtaken. A scheduled action begins with the first call
    in its slot or later, unless the model was retrained since the slot began: of several slots that were
    missed, one is caught up. Raises TimeWithoutZone.
    """
    firing = [found for found in decisions if found.verdict == "fire" and found.champion == champion]
    return [found for found in firing if _may_begin(found, history, now)]


def _may_begin(decision: Decision, history: Sequence[Retraining], now: datetime) -> bool:
    own = [past for past in history if past.model == decision.model]
    if any(past.decision == decision.digest for past in own):
        return False
    if decision.action != "scheduled" or decision.slot is None:
        return True
    begin = parse_slot(decision.slot)
    return is_open(decision.slot, now) and all(past.start < begin for past in own)


STRENGTH: tuple[Action, ...] = ("full", "immediate", "incremental", "scheduled")
"""The strongest first. A full training also serves what the others ask for; one that is immediate does not
wait for a slot, and uses all data, so that it includes new situations."""


def strongest(decisions: Iterable[Decision]) -> Decision | None:
    """Return the decision whose action is the strongest, the first of equals; None if none fires."""
    firing = [(STRENGTH.index(found.action), found) for found in decisions if found.action is not None]
    return min(firing, key=lambda pair: pair[0])[1] if firing else None
