"""What is in the league rather than how it looks: fewer offences, or scenes that training never saw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from raasid.data.synthetic.shifts.shift import Shift

if TYPE_CHECKING:
    from raasid.data.synthetic.league import League

_PRIOR = (0.4, 0.20, 0.08, 0.03)
_UNSEEN = (0.0, 1 / 3, 2 / 3, 1.0)


class Prior(Shift):
    """Offences become as rare as they are on a match day."""

    name: ClassVar[str] = "prior"

    def league(self, league: League) -> League:
        """Other weights of the scenarios."""
        return replace(league, handball_prior=_PRIOR[self.intensity])


class UnseenScenario(Shift):
    """Scenes that no training league contains."""

    name: ClassVar[str] = "unseen_scenario"

    def league(self, league: League) -> League:
        """A growing share of the scripted clips."""
        return replace(league, unseen_share=_UNSEEN[self.intensity])
