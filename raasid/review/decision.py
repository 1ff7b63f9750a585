"""`decision.json`: the result of a review for scripts, as `decision.schema.json` describes it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raasid.io.atomic import write_atomic
from raasid.laws.edition import Confidence, Restart, Sanction, Verdict

FILE_NAME = "decision.json"
UnitInterval = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class FactPrediction(_Record):
    """One fact about the touch."""

    value: bool | str | None
    """The value that the ruling uses; null if the model cannot tell."""
    probability: UnitInterval | None
    """Probability of `value`; null if the model does not predict this fact."""
    probabilities: dict[str, UnitInterval]
    """Probability of every value; true and false in lower case."""


class Contact(_Record):
    """The moment in which the ball touches an arm or comes nearest to one."""

    frame: NonNegative
    """Index in the clip, from 0."""
    time_s: Annotated[float, Field(ge=0.0)]
    person: int | None
    """Number of the player's track in this clip."""
    side: Literal["left", "right", "none"]
    segment: str | None
    """Part of the body, as the facts name it."""
    seen: bool
    """Whether the model predicts a touch; false: the nearest approach."""


class WindowPrediction(_Record):
    """One window of play that was judged on its own."""

    start: NonNegative
    stop: NonNegative
    """First frame after it."""
    nearest: NonNegative
    gap_px: float | None
    offence_probability: UnitInterval | None
    """null: too little evidence, or out of the model's distribution."""
    abstained: bool


class EditionDecision(_Record):
    """The decision on the same facts by another edition of the Laws."""

    edition: str
    decision: Verdict | None
    restart: Restart | None
    sanction: Sanction | None
    clause: str | None
    offence_probability: UnitInterval | None


class ModelInfo(_Record):
    """A model that was used."""

    file: str
    sha256: str


class Evidence(_Record):
    """The evidence behind the decision."""

    frames: NonNegative
    frames_stated: NonNegative
    """By the file; more than `frames` if it is damaged."""
    frame_rate_hz: float
    width: NonNegative
    height: NonNegative
    players: NonNegative
    """Number of different people in the whole clip, by their tracks."""
    players_per_frame: float
    ball_seen: UnitInterval
    """Share of frames in which the ball was detected."""
    ball_known: UnitInterval
    """The same, with positions interpolated between two detections."""
    windows_passed_over: NonNegative
    """Approaches of the ball to an arm beyond `review.max_windows`, which were not judged."""


class Decision(_Record):
    """One clip under one edition of the Laws."""

    format: Literal[1] = 1
    clip: str
    source: str
    decision: Verdict | None
    """null: abstained."""
    abstained: bool
    confidence: UnitInterval
    """Probability of the decision; 0 without one."""
    offence_probability: UnitInterval | None
    """Also given when the review abstains; null if there was no window, too little evidence, or if the clip
    is out of the context model's distribution."""
    facts: dict[str, FactPrediction]
    """Empty where `offence_probability` is null."""
    edition: str
    clause: str | None
    restart: Restart | None
    sanction: Sanction | None
    wording: Confidence | None
    """clear, or discretionary where the edition leaves the point to the referee."""
    contact: Contact | None
    reasons: list[str]
    """Why the review abstains; empty if it does not."""
    limits: list[str]
    """Caveats that hold for a decision, too."""
    stands_on: Evidence
    windows: list[WindowPrediction]
    other_editions: list[EditionDecision]
    models: dict[str, ModelInfo]
    key: str
    """Digest of the footage, the models and the options; a finished review with the same key is reused."""


def shipped_schema() -> dict[str, Any]:
    """Return the JSON schema of `Decision` that ships beside this file."""
    text = files("raasid.review").joinpath("decision.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def write_decision(folder: Path, decision: Decision) -> Path:
    """Write FOLDER/decision.json atomically and return its path."""
    path = folder / FILE_NAME
    write_atomic(path, json.dumps(decision.model_dump(), indent=1, ensure_ascii=False) + "\n")
    return path


def read_decision(folder: Path) -> Decision | None:
    """Return the decision of an earlier review; None without one, or if it is of another version."""
    try:
        return Decision.model_validate_json((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


_HEADLINES = {"offence": "Handball offence", "no_offence": "No offence"}


def headline(decision: Decision) -> str:
    """Return the answer in two or three words."""
    return "No decision" if decision.decision is None else _HEADLINES[decision.decision]


def restart_text(decision: Decision | EditionDecision) -> str:
    """Return restart and card: `penalty, red card`."""
    if decision.decision is None:
        return "–"
    restart = {None: "restart open", "play_on": "play on"}.get(decision.restart) or _spaced(decision.restart)
    card = {None: ", card open", "none": ""}.get(decision.sanction, f", {decision.sanction} card")
    return restart + ("" if decision.decision == "no_offence" else card)


def contact_text(decision: Decision) -> str:
    """Return what happens at the decisive moment: `touch: left forearm of player 7`."""
    contact = decision.contact
    if contact is None:
        return "nothing to judge"
    part = _spaced(contact.segment) if contact.segment not in (None, "none") else "arm"
    side = "" if contact.side == "none" else f"{contact.side} "
    player = "" if contact.person is None else f" of player {contact.person}"
    return f"{'touch' if contact.seen else 'nearest approach'}: {side}{part}{player}"


def _spaced(name: str | None) -> str:
    return (name or "").replace("_", " ")
