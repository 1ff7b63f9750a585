"""What a context model says about one clip: the record that review and metrics work on."""

from __future__ import annotations

from dataclasses import dataclass, field

from raasid.laws.facts import Facts, Value
from raasid.laws.ruling import Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipJudgement:
    """One clip, seen by one model, ruled by one edition of the Laws."""

    clip: str
    facts: dict[str, dict[Value, float]]
    """Fact -> value -> calibrated probability; names and values are those of `laws.facts.fact_values`.
    A fact that the model cannot see is not in it."""
    likeliest: Facts
    """The facts that the ruling stands on: the likeliest values, None where the model cannot tell."""
    ruling: Ruling
    """Of `likeliest`, by the edition."""
    offence: float
    """Calibrated probability that an offence happened, by the edition."""
    abstained: bool
    """Whether the answer is too uncertain to be acted on."""
    contact_frame: int | None = None
    """Position in the clip of the touch; None where none was seen."""
    contact_track: int | None = None
    side: str = "none"
    """left, right, or none."""
    reasons: tuple[str, ...] = ()
    """Why it abstained, or what it could not see; one short sentence each."""
    incident: dict[str, dict[str, float]] = field(default_factory=dict)
    """Label of an incident -> class -> probability, as `data.context.incident` names them; of a model that
    was trained on such labels."""
    details: dict[str, float] = field(default_factory=dict)
    """Numbers behind it. `trusted`: 0 where the chances are those of any clip, as it is unlike all that are
    known or shows too little; 1 where they are the model's own."""
