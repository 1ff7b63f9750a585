"""Another season's Law: the same pictures and facts, other rulings."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from raasid.data.records import Clip
from raasid.data.synthetic.arrays import Image
from raasid.data.synthetic.shifts.shift import Shift
from raasid.laws.decide import decide
from raasid.laws.facts import read_facts

_EDITIONS = ("", "2021_22", "2020_21", "2018_19")
"""Further from today's wording with the intensity."""


class LawChange(Shift):
    """The label shift of a season's change of wording; pictures do not change."""

    name: ClassVar[str] = "law_change"

    def deliver(self, images: list[Image], clip: Clip) -> tuple[list[Image], Clip]:
        """The clip with the ruling of the other edition."""
        edition = _EDITIONS[self.intensity]
        provenance = replace(clip.provenance, law_edition=edition)
        ruling = decide(read_facts(clip.facts), edition) if clip.facts else None
        return images, replace(clip, provenance=provenance, ruling=ruling)
