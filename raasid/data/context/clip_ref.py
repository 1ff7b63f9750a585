"""A clip together with what its annotation knows: all that judging a judgement on it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from raasid.data.records import Clip, Tags
from raasid.laws.facts import Facts, read_facts

TracksFrom = Literal["predicted", "truth", "noisy"]


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

    @property
    def key(self) -> tuple[str, str]:
        """What makes a sample the same sample, whichever process has seen it."""
        return self.clip, self.source

    @classmethod
    def of(cls, clip: Clip, source: TracksFrom = "truth") -> ClipRef:
        """What a clip's annotation says. Raises FactsUnreadable."""
        touch = clip.contact
        position = None
        if touch is not None and clip.frames:
            index = np.array([frame.index for frame in clip.frames])
            position = int(np.abs(index - touch.frame).argmin())
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
        )
