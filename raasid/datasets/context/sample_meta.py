"""Clips with their labels, detached from their frames: all that evaluating a prediction needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from raasid.datasets.context.tracks_config import TrackSource
from raasid.footage.records import Clip, Fact, Tags
from raasid.laws.edition import Verdict
from raasid.laws.facts import Facts, read_facts

SOURCES: tuple[TrackSource, ...] = ("predicted", "noisy", "truth")
"""Sources of tracks; metrics are computed on the first one that was evaluated."""


@dataclass(frozen=True, slots=True)
class ClipRef:
    """One clip, detached from its frames so that it can travel between processes."""

    clip: str
    match: str
    facts: Facts
    """As annotated; a fact that is not determined is None."""
    source: TrackSource = "truth"
    """Tracks that the model received: predicted, annotated, or annotated with simulated errors."""
    tags: Tags = ()
    """Of the clip; `Scenario.…` of the league are among them."""
    contact: int | None = None
    """Position in the clip of the annotated touch; None if there is none or it is unknown."""
    person: int | None = None
    """Track of the touched person, as annotated."""
    side: str = "none"
    """left, right, or none."""
    frames: int = 0
    moment: int | None = None
    """Position in the clip of the touch, or of the annotated incident."""
    annotated_decision: Verdict | None = None
    """Decision of the annotator, for clips whose facts do not determine one."""
    incident: dict[str, str] = field(default_factory=dict)
    """Labels of `INCIDENT` that are annotated."""

    @property
    def key(self) -> tuple[str, str]:
        """Identity of a sample across processes."""
        return self.clip, self.source

    @classmethod
    def of(cls, clip: Clip, source: TrackSource = "truth") -> ClipRef:
        """Return the labels of a clip. Raises FactsUnreadable."""
        touch = clip.contact
        position = None if touch is None else _position(clip, touch.frame)
        moment = position
        if touch is None and clip.events:
            moment = _position(clip, clip.events[0].frame)
        incident = incident_labels(clip.facts)
        decision = clip.ruling.decision if clip.ruling is not None else None
        if incident.get("handball") == "no_handball":
            decision = "no_offence"
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
            annotated_decision=decision,
            incident=incident,
        )


def _position(clip: Clip, index: int) -> int | None:
    """Return the position of the frame nearest to an index of the clip's time base."""
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
"""SoccerNet-MVFoul: label -> classes, as in the dataset's own task; severity 1 no card, 3 yellow, 5 red."""

INCIDENT_SIZES = tuple(len(classes) for classes in INCIDENT.values())

_DIVE = "dive"


def incident_labels(facts: Mapping[str, Fact]) -> dict[str, str]:
    """Return the labels of an incident that name one class; labels between two classes are left out.

    facts: as the MVFoul reader stores them. A dive labelled as no offence keeps that severity; every other
    dive is an offence without a card, as in the dataset's evaluator.
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
