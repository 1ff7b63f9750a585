"""A clip together with what its annotation knows: all that judging a judgement on it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from raasid.footage.records import Clip, Fact, Tags
from raasid.laws.edition import Verdict
from raasid.laws.facts import Facts, read_facts

TracksFrom = Literal["predicted", "truth", "noisy"]

SOURCES: tuple[TracksFrom, ...] = ("predicted", "noisy", "truth")
"""Kinds of tracks; the first that was looked at is the one that the figures are about."""


@dataclass(frozen=True, slots=True)
class ClipRef:
    """One clip, detached from its frames so that it can travel between processes."""

    clip: str
    match: str
    facts: Facts
    """As annotated; what nobody has determined is None."""
    source: TracksFrom = "truth"
    """Whose tracks the model saw: a detector's, the annotator's, or these with errors put in."""
    tags: Tags = ()
    """Of the clip; `Scenario.…` of the league are among them."""
    contact: int | None = None
    """Position in the clip of the annotated touch; None where there is none or nobody said."""
    person: int | None = None
    """Track of the touched person, as annotated."""
    side: str = "none"
    """left, right, or none."""
    frames: int = 0
    moment: int | None = None
    """Position in the clip of what it is about: the touch, or the annotated incident."""
    ruled: Verdict | None = None
    """Whether it was a handball offence as the annotator ruled, for where the facts do not tell."""
    incident: dict[str, str] = field(default_factory=dict)
    """What is labelled of `incident.INCIDENT`."""

    @property
    def key(self) -> tuple[str, str]:
        """What makes a sample the same sample, whichever process has seen it."""
        return self.clip, self.source

    @classmethod
    def of(cls, clip: Clip, source: TracksFrom = "truth") -> ClipRef:
        """What a clip's annotation says. Raises FactsUnreadable."""
        touch = clip.contact
        position = None if touch is None else _position(clip, touch.frame)
        moment = position
        if touch is None and clip.events:
            moment = _position(clip, clip.events[0].frame)
        incident = incident_of(clip.facts)
        ruled = clip.ruling.decision if clip.ruling is not None else None
        if incident.get("handball") == "no_handball":
            ruled = "no_offence"
        return cls(
            clip=clip.id,
            match=clip.match,
            facts=read_facts(clip.facts),
            source=source,
            tags=clip.tags,
            contact=position,
            person=None if touch is None else touch.person,
            side="none" if touch is None else touch.side,
            frames=len(clip.frames),
            moment=moment,
            ruled=ruled,
            incident=incident,
        )


def _position(clip: Clip, index: int) -> int | None:
    """Position of the frame that is nearest to one of the clip's time base."""
    if not clip.frames:
        return None
    return int(np.abs(np.array([frame.index for frame in clip.frames]) - index).argmin())


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
