"""Derives the rulings of clips from their facts by an edition of the Laws."""

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
    """A clip with facts, before and after."""

    clip: str
    tags: Tags
    old: Ruling | None
    """As annotated, or by another edition; None: the clip had no ruling."""
    new: Ruling
    missing: tuple[str, ...]
    """Facts that are missing for a decision."""

    @property
    def changed(self) -> bool:
        """Whether decision, restart or card differ; a first ruling is a change."""
        return self.old is None or _outcome(self.old) != _outcome(self.new)

    @property
    def flipped(self) -> bool:
        """Whether an offence became no offence, or the reverse."""
        return {self.old.decision if self.old else None, self.new.decision} == {"offence", "no_offence"}


@dataclass(frozen=True, slots=True)
class RelabelSummary:
    """The clips with facts, in the order of the footage, and how many others there were."""

    edition: str
    clips: tuple[RelabelledClip, ...]
    num_without_facts: int
    """Clips without facts, which keep their ruling."""
    num_rejected: int
    """Clips with invalid facts, which are left out: their ruling would be of another edition."""

    @property
    def flipped_ids(self) -> tuple[str, ...]:
        """Ids of the clips whose decision was reversed."""
        return tuple(one.clip for one in self.clips if one.flipped)


def relabel(footage: Footage, edition: Edition | str) -> tuple[Footage, RelabelSummary]:
    """Give every clip with facts the ruling of an edition.

    A body segment that the facts lack is taken from the clip's contact. Clips without facts stay as they are;
    those with invalid facts are moved to the quarantine.
    Raises EditionUnknown.
    """
    law = edition if isinstance(edition, Edition) else get_edition(edition)
    quarantine = Quarantine()
    for entry in footage.quarantine:
        quarantine.add(entry.path, entry.reason, entry.line)
    clips: list[Clip] = []
    relabelled: list[RelabelledClip] = []
    num_without_facts = 0
    for clip in footage.clips:
        try:
            facts = facts_of(clip)
        except FactsUnreadable as error:
            quarantine.add(clip.id, str(error))
            continue
        if facts is None:
            num_without_facts += 1
            clips.append(clip)
            continue
        new = derive_ruling(facts, law)
        relabelled.append(RelabelledClip(clip.id, clip.tags, clip.ruling, new.ruling, new.missing))
        provenance = replace(clip.provenance, law_edition=law.id)
        clips.append(replace(clip, ruling=new.ruling, provenance=provenance))
    ids = {clip.id for clip in clips}
    splits = {split: [name for name in names if name in ids] for split, names in footage.splits.items()}
    num_rejected = len(footage.clips) - len(clips)
    notes = (*footage.notes, f"rulings by the Law of {law.id}, from facts")
    derived = replace(footage, clips=clips, splits=splits, quarantine=quarantine, notes=notes, dataset={})
    return derived, RelabelSummary(law.id, tuple(relabelled), num_without_facts, num_rejected)


def facts_of(clip: Clip) -> Facts | None:
    """Return the facts of a clip that the Laws use; None if it has none of them.

    Raises FactsUnreadable.
    """
    stored: Mapping[str, Any] = clip.facts
    if read_facts(stored) == Facts():
        return None
    contact = clip.contact
    return read_facts(stored if contact is None else {"segment": contact.segment, **stored})


def _outcome(ruling: Ruling) -> tuple[str | None, ...]:
    return ruling.decision, ruling.restart, ruling.sanction
