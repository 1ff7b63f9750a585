"""What SoccerNet-MVFoul's referees said of an incident, as classes that a net can learn."""

from __future__ import annotations

from collections.abc import Mapping

from raasid.data.records import Fact

INCIDENT: dict[str, tuple[str, ...]] = {
    "action_class": (
        "tackling", "standing_tackling", "high_leg", "holding", "pushing", "elbowing", "challenge", "dive",
    ),
    "severity": ("no_offence", "1", "3", "5"),
    "handball": ("no_handball", "handball"),
}  # fmt: skip
"""Label -> its classes, those of the dataset's own task; severity 1 no card, 3 yellow, 5 red."""
INCIDENT_SIZES = tuple(len(classes) for classes in INCIDENT.values())
_DIVE = "dive"


def incident_of(facts: Mapping[str, Fact]) -> dict[str, str]:
    """The labels of an incident that are clear; what lies between two classes is none.

    facts: as `readers.mvfoul_labels` stores them. A dive that is no offence by its label has no card;
    every other dive is an offence without one, as the dataset's evaluator has it.
    """
    found: dict[str, str] = {}
    action = facts.get("action_class")
    if action in INCIDENT["action_class"]:
        found["action_class"] = str(action)
    offence, level = facts.get("offence"), facts.get("severity")
    if offence == "no_offence":
        found["severity"] = "no_offence"
    elif action == _DIVE:
        found["severity"] = "1"
    elif offence == "offence" and isinstance(level, float | int) and f"{level:g}" in INCIDENT["severity"]:
        found["severity"] = f"{level:g}"
    if isinstance(handball := facts.get("handball"), bool):
        found["handball"] = "handball" if handball else "no_handball"
    return found
