"""Rulings derived from facts, clip by clip: what a change of wording does to footage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Footage, Tags
from raasid.laws.decide import derive_ruling
from raasid.laws.edition import Edition, Ruling
from raasid.laws.edition_lookup import get_edition
from raasid.laws.facts import Facts, FactsUnreadable, read_facts


@dataclass(frozen=True, slots=True)
class RelabelledClip:
    """One clip that has facts."""

    clip: str
    tags: Tags
    old: Ruling | None
    """As it was annotated, or as another edition had it; None: nobody had ruled."""
    new: Ruling
    missing: tuple[str, ...]
    """Facts without which there is no decision."""

    @property
    def changed(self) -> bool:
        """Whether decision, restart or card are not what they were; a first ruling is a change."""
        return self.old is None or _said(self.old) != _said(self.new)

    @property
    def flipped(self) -> bool:
        """Whether an offence became none, or the other way round."""
        return {self.old.decision if self.old else None, self.new.decision} == {"offence", "no_offence"}


@dataclass(frozen=True, slots=True)
class RelabelSummary:
    """What came of it: every clip with facts, in the order of the footage."""

    edition: str
    ruled: tuple[RelabelledClip, ...]
    kept: int
    """Clips without facts; they keep the ruling that they have."""
    unreadable: int
    """Clips whose facts make no sense; they are left out: their ruling would be of another wording."""

    @property
    def flipped(self) -> tuple[str, ...]:
        """Ids of the clips whose decision was turned round."""
        return tuple(one.clip for one in self.ruled if one.flipped)


def relabel(footage: Footage, edition: Edition | str) -> tuple[Footage, RelabelSummary]:
    """Give every clip with facts the ruling that an edition gives them.

    A segment that the facts do not name is taken from the clip's contact. Clips without facts are
    returned as they are; those with facts of a wrong kind are left out, with the reason.
    Raises EditionUnknown.
    """
    law = edition if isinstance(edition, Edition) else get_edition(edition)
    quarantine = Quarantine()
    for entry in footage.quarantine:
        quarantine.add(entry.path, entry.reason, entry.line)
    clips: list[Clip] = []
    ruled: list[RelabelledClip] = []
    kept = 0
    for clip in footage.clips:
        try:
            facts = facts_of(clip)
        except FactsUnreadable as error:
            quarantine.add(clip.id, str(error))
            continue
        if facts is None:
            kept += 1
            clips.append(clip)
            continue
        judgement = derive_ruling(facts, law)
        ruled.append(RelabelledClip(clip.id, clip.tags, clip.ruling, judgement.ruling, judgement.missing))
        provenance = replace(clip.provenance, law_edition=law.id)
        clips.append(replace(clip, ruling=judgement.ruling, provenance=provenance))
    there = {clip.id for clip in clips}
    splits = {split: [name for name in ids if name in there] for split, ids in footage.splits.items()}
    unreadable = len(footage.clips) - len(clips)
    new = Footage(clips, splits, quarantine, (*footage.notes, f"rulings by the Law of {law.id}, from facts"))
    return new, RelabelSummary(law.id, tuple(ruled), kept, unreadable)


def facts_of(clip: Clip) -> Facts | None:
    """Return what the Law cares for among a clip's facts; None where there is nothing of the kind.

    Raises FactsUnreadable.
    """
    stored: Mapping[str, Any] = clip.facts
    if read_facts(stored) == Facts():
        return None
    contact = clip.contact
    return read_facts(stored if contact is None else {"segment": contact.segment, **stored})


def _said(ruling: Ruling) -> tuple[str | None, ...]:
    return ruling.decision, ruling.restart, ruling.sanction
