"""What a referee says: offence or not, how play goes on, which card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["offence", "no_offence"]
Restart = Literal["penalty", "direct_free_kick", "indirect_free_kick", "play_on"]
Sanction = Literal["none", "yellow", "red"]
Confidence = Literal["clear", "discretionary"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """One ruling; what its source does not say is None."""

    decision: Verdict | None
    """None: abstained, because the facts that are known allow both."""
    restart: Restart | None = None
    sanction: Sanction | None = None
    clause: str | None = None
    """Name of the clause that decided, as the edition's file has it."""
    confidence: Confidence | None = None
    """Discretionary where the edition says "usually", or leaves the point to the referee."""
    edition: str | None = None

    @property
    def abstained(self) -> bool:
        """Whether there is no decision."""
        return self.decision is None
