"""What a context model is to say about a window, as numbers; what nobody knows is -1 and teaches nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raasid.data.context.clip_ref import ClipRef
from raasid.data.context.incident import INCIDENT
from raasid.data.context.window import Window
from raasid.laws.decide import decide
from raasid.laws.facts import Facts, fact_values

FACTS: tuple[str, ...] = tuple(fact_values())
SIDES = ("left", "right", "none")
NO_CONTACT, UNKNOWN = -2, -1


class Targets(NamedTuple):
    """One window's labels."""

    contact: int
    """player * T + frame of the touch; NO_CONTACT where the ball touches nobody; UNKNOWN."""
    side: int
    """Index into SIDES, or UNKNOWN."""
    facts: NDArray[np.int64]
    """(facts,) index into the values of each fact, or UNKNOWN."""
    offence: int
    """1 offence, 0 none, UNKNOWN, by one edition."""
    incident: NDArray[np.int64]
    """(labels,) index into the classes of each label of `INCIDENT`, or UNKNOWN."""


def targets(window: Window, ref: ClipRef, edition: str, player: int | None) -> Targets:
    """Labels of a window.

    player: row of the touched player in the window; None where that is not known.
    A touch outside the window, or of somebody who is not in it, has no place in it: UNKNOWN.
    """
    contact = UNKNOWN
    if ref.facts.segment == "none":
        contact = NO_CONTACT
    elif ref.contact is not None and player is not None:
        away = np.where(window.valid, np.abs(window.origin - ref.contact), np.iinfo(np.int64).max)
        frame = int(away.argmin())
        if window.valid[frame] and away[frame] <= 2:
            contact = player * len(window.valid) + frame
    side = SIDES.index(ref.side) if ref.contact is not None or ref.facts.segment == "none" else UNKNOWN
    decision = decide(ref.facts, edition).decision or ref.ruled
    return Targets(
        contact,
        side,
        fact_indices(ref.facts),
        UNKNOWN if decision is None else int(decision == "offence"),
        np.array(
            [
                classes.index(ref.incident[name]) if name in ref.incident else UNKNOWN
                for name, classes in INCIDENT.items()
            ],
            np.int64,
        ),
    )


def fact_indices(facts: Facts) -> NDArray[np.int64]:
    """(facts,) index into the values of each fact; UNKNOWN where nobody has determined it."""
    out = np.full(len(FACTS), UNKNOWN, np.int64)
    for i, (name, values) in enumerate(fact_values().items()):
        value = getattr(facts, name)
        if value is not None:
            out[i] = values.index(value)
    return out
