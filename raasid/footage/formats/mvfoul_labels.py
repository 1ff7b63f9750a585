"""The labels of a SoccerNet-MVFoul incident as facts, tags and, for handballs, a ruling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from raasid.footage.formats.parsing.values import ValueUnusable, label, number, short_repr, text
from raasid.footage.records import Fact, Tags
from raasid.laws.edition import Ruling, Sanction, Verdict

_WORDS = {
    "Offence": "offence",
    "Contact": "contact",
    "Bodypart": "bodypart",
    "Upper body part": "upper_body_part",
    "Action class": "action_class",
    "Multiple fouls": "multiple_fouls",
    "Try to play": "try_to_play",
    "Touch ball": "touch_ball",
    "Handball offence": "handball_offence",
}
"""Key -> name of the fact. Their vocabularies are open: what is written is kept."""

_CARDS: dict[float, Sanction] = {1.0: "none", 3.0: "yellow", 5.0: "red"}
"""Severity -> card; 2 and 4 lie between two of them."""


@dataclass(frozen=True, slots=True)
class IncidentLabels:
    """The labels of one incident, the same for all of its views."""

    facts: dict[str, Fact] = field(default_factory=dict)
    tags: Tags = ()
    attributes: Tags = ()
    """Of the event."""
    labelled: bool = False
    """Whether there is a label at all; the challenge split has none."""
    decision: Verdict | None = None
    sanction: Sanction | None = None

    def ruling(self, edition: str | None) -> Ruling | None:
        """Return what was ruled on a handball; other fouls are none of Law 12's handball clauses."""
        return Ruling(self.decision, sanction=self.sanction, edition=edition) if self.decision else None


def parse_labels(action: dict[str, Any], reject: Callable[[str], None]) -> IncidentLabels:
    """Return the labels of an action; `reject` is called with the reason of each value that is left out.

    Facts have the keys in lower case with underscores and the values likewise (`No offence`, `No Offence`:
    `no_offence`), `severity` as a number from 1 (no card) to 5 (red), `handball` as a boolean. Empty values
    are left away. Tags: `action_class_…`, `severity_…`, `offence_…`, `handball`, `handball_offence_…`.
    Only handballs have a ruling: by `Handball offence`, if that says offence or no offence.
    """
    facts: dict[str, Fact] = {}
    for key, name in _WORDS.items():
        try:
            value = text(action.get(key, ""), key, empty=True)
            if value:
                facts[name] = label(value, key)
        except ValueUnusable as error:
            reject(str(error))
    try:
        if (severity := action.get("Severity", "")) != "":
            facts["severity"] = number(severity, "Severity", 1, 5)
        if handball := text(action.get("Handball", ""), "Handball", empty=True):
            facts["handball"] = _handball(handball)
    except ValueUnusable as error:
        reject(str(error))
    tags = [f"{name}_{facts[name]}" for name in ("action_class", "offence") if name in facts]
    if isinstance(level := facts.get("severity"), float):
        tags.append(f"severity_{level:g}")
    decision: Verdict | None = None
    sanction: Sanction | None = None
    if facts.get("handball") is True:
        tags.append("handball")
        if verdict := facts.get("handball_offence"):
            tags.append(f"handball_offence_{verdict}")
            decision = _decision(str(verdict))
            sanction = _CARDS.get(level) if decision and isinstance(level, float) else None
    return IncidentLabels(
        facts,
        tuple(tags),
        (str(facts["offence"]),) if "offence" in facts else (),
        bool(facts),
        decision,
        sanction,
    )


def _handball(value: str) -> bool:
    verdict = label(value, "Handball")
    if verdict not in ("handball", "no_handball"):
        raise ValueUnusable(f"Handball is neither Handball nor No handball: {short_repr(value)}")
    return verdict == "handball"


def _decision(verdict: str) -> Verdict | None:
    """Read an open vocabulary: `no`, `No handball offence`, `Yes`, `Offence`; None for anything else."""
    words = verdict.split("_")
    if words[0] in ("no", "not"):
        return "no_offence"
    return "offence" if words[0] == "yes" or "offence" in words else None
