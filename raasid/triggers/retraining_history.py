"""The record of a retraining that has ended: what it was for, what came out, and what it cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, field_validator

from raasid.registry.records import Record
from raasid.triggers.decision_record import Action, Sha256, TriggerName


class Retraining(Record):
    """One retraining, promoted or not."""

    format: Literal[1] = 1
    model: str
    decision: Sha256
    """Digest of the decision that asked for it."""
    trigger: TriggerName
    action: Action
    started: str
    """UTC, ISO 8601 with its offset."""
    ended: str
    """UTC, ISO 8601 with its offset."""
    champion: str | None
    """The version in service before."""
    version: str | None
    """The version that was registered; None: there is none."""
    promoted: bool
    """Whether it passed the gate and went into service."""
    before: float | None
    """The retrain metric of the champion on the test set."""
    after: float | None
    """That of the new version on the same test set."""
    data_digest: Sha256
    """Of the data that it was trained on."""
    gpu_hours: Annotated[float, Field(ge=0)] = 0.0
    """Hours of computing, times the number of GPUs (of processes where there is no GPU)."""

    @field_validator("started", "ended")
    @classmethod
    def _check_time(cls, text: str) -> str:
        if datetime.fromisoformat(text).utcoffset() is None:
            raise ValueError("a time without its offset")
        return text

    @property
    def start(self) -> datetime:
        """When it began, UTC."""
        return datetime.fromisoformat(self.started).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """When it ended, UTC."""
        return datetime.fromisoformat(self.ended).astimezone(UTC)
