"""The decision record: what a trigger saw, by which thresholds it judged, and what it asks for.

A record holds no clock time, no path and no host: the same inputs give the same bytes, and so the same
digest, in every folder and on every machine. Times that a trigger needs (a slot, a day) are inputs too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from raasid.escaping import printable
from raasid.registry.record_chain import canonical_json, sha256_hex
from raasid.registry.records import Record
from raasid.registry.strict_json import parse_json

TriggerName = Literal["performance", "calendar", "drift", "new_scenarios", "rule_change"]
Verdict = Literal["fire", "hold", "wait", "cannot_tell"]
"""fire: retrain. hold: nothing is wrong. wait: something is, and retraining did not help so far.
cannot_tell: the data are too few, or something needed is unknown."""
Action = Literal["immediate", "scheduled", "incremental", "full"]
"""immediate: now. scheduled: at the next slot. incremental: from the champion, with replay. full: from base
weights, on labels derived anew."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

_DIGITS = 6


class Decision(Record):
    """The decision of one trigger on one model."""

    format: Literal[1] = 1
    model: str
    """Registry name."""
    trigger: TriggerName
    edition: str | None = None
    """Of the Laws: the one in force, where it matters."""
    champion: str | None
    """The version that was judged; None: there is none."""
    verdict: Verdict
    action: Action | None = None
    """What is asked for; None unless the verdict is `fire`."""
    reason: str
    """One plain sentence."""
    evidence: list[dict[str, JsonValue]] = Field(default_factory=list)
    """Rows of a table: a metric, feature, tag or slot each; the most important first."""
    thresholds: dict[str, JsonValue] = Field(default_factory=dict)
    statistics: dict[str, JsonValue] = Field(default_factory=dict)
    inputs: dict[str, Sha256] = Field(default_factory=dict)
    """Name of an input -> its SHA-256 digest."""
    slot: str | None = None
    """Start of the slot in which it was made or, if the action is `scheduled`, may begin.

    With it the same figures ask again in the next slot; without it they ask once.
    """

    @field_validator("evidence", "thresholds", "statistics", "inputs", mode="before")
    @classmethod
    def _make_plain(cls, value: Any) -> Any:
        return plain(value)

    @field_validator("reason", mode="before")
    @classmethod
    def _make_printable(cls, value: Any) -> Any:
        return printable(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_action(self) -> Self:
        if (self.action is not None) != (self.verdict == "fire"):
            raise ValueError(f"a decision to {self.verdict} with the action {self.action}")
        return self

    def to_bytes(self) -> bytes:
        """Return the record as one line of canonical JSON."""
        return canonical_json(self.model_dump(mode="json")) + b"\n"

    @property
    def digest(self) -> str:
        """SHA-256 of `to_bytes`, 64 hex digits: the identity of the decision."""
        return sha256_hex(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> Decision:
        """Parse what `to_bytes` wrote. Raises ValueError whose message completes "FILE: it …"."""
        try:
            decision = cls.model_validate(parse_json(data))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the record"
            raise ValueError(f"is no decision record ({where}: {first['msg']})") from error
        if decision.to_bytes() != data:
            raise ValueError("is not in the canonical form, so it was changed")
        return decision


def without_champion(model: str, trigger: TriggerName, inputs: Mapping[str, str]) -> Decision:
    """Return the decision on a model that has no version in service."""
    return Decision(
        model=model,
        trigger=trigger,
        champion=None,
        verdict="cannot_tell",
        reason=f"{model} has no champion yet: train and register a version first.",
        inputs=dict(inputs),
    )


def plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers of numpy become Python's, NaN becomes null, names printable.

    Fractions keep 6 significant digits: the last bits of a sum depend on the processor.
    """
    if isinstance(value, Mapping):
        return {printable(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        return printable(value)
    if not isinstance(value, int | float) and hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.{_DIGITS}g}")
    return value
