"""A clip together with what its annotation knows: all that judging a judgement on it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from raasid.data.context.incident import incident_of
from raasid.data.records import Clip, Tags
from raasid.laws.facts import Facts, read_facts
from raasid.laws.ruling import Verdict

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
