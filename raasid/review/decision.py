"""`decision.json`: what a review says, for scripts; `decision.schema.json` beside this file describes it."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raasid.laws.edition import Confidence, Restart, Sanction, Verdict

FILE_NAME = "decision.json"
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class FactSaid(_Record):
    """One fact of the touch."""

    value: bool | str | None
    """What the ruling stands on; null where the model cannot tell."""
    probability: Share | None
    """Of that value; null where the model does not see this fact."""
    probabilities: dict[str, Share]
    """Of every value; true and false in lower case."""


class ContactSaid(_Record):
    """The moment in which the ball is nearest to an arm, or touches it."""

    frame: Count
    """Of the clip, counted from 0."""
    time_s: Annotated[float, Field(ge=0.0)]
    person: int | None
    """Number of the player's track in this clip."""
    side: Literal["left", "right", "none"]
    segment: str | None
    """Part of the body, as the facts name it."""
    seen: bool
    """Whether the model says that there is a touch; false: the nearest approach."""


class WindowSaid(_Record):
    """One stretch of play that was judged by itself."""

    start: Count
    stop: Count
    """First frame after it."""
    nearest: Count
    gap_px: float | None
    offence_probability: Share | None
    """null: there was too little to go by, or it is unlike all that the model knows."""
    abstained: bool


class EditionSaid(_Record):
    """The same facts under another wording."""

    edition: str
    decision: Verdict | None
    restart: Restart | None
    sanction: Sanction | None
    clause: str | None
    offence_probability: Share | None


class ModelSaid(_Record):
    """A model that took part."""

    file: str
    sha256: str


class StandsOn(_Record):
    """What the decision rests on."""

    frames: Count
    frames_stated: Count
    """By the file; more than `frames` where it is damaged."""
    frame_rate_hz: float
    width: Count
    height: Count
    players: Count
    """Different people over the whole clip, by their tracks."""
    players_per_frame: float
    ball_seen: Share
    """Share of frames in which the ball was seen."""
    ball_known: Share
    """The same with places that were inferred between two sightings."""
    windows_passed_over: Count
    """Approaches of the ball to an arm that were not judged, for want of `review.windows`."""


class Decision(_Record):
    """One clip under one edition of the Laws."""

    format: Literal[1] = 1
    clip: str
    source: str
    decision: Verdict | None
    """null: abstained."""
    abstained: bool
    confidence: Share
    """Probability of the decision; 0 where there is none."""
    offence_probability: Share | None
    """Also where the review abstains; null where there was nothing to judge or too little to go by, and where
    the context model knows nothing like it."""
    facts: dict[str, FactSaid]
    """Empty where `offence_probability` is null."""
    edition: str
    clause: str | None
    restart: Restart | None
    sanction: Sanction | None
    wording: Confidence | None
    """clear, or discretionary where the edition leaves the point to the referee."""
    contact: ContactSaid | None
    reasons: list[str]
    """Why it abstains; empty where it does not."""
    limits: list[str]
    """What to keep in mind all the same."""
    stands_on: StandsOn
    windows: list[WindowSaid]
    other_editions: list[EditionSaid]
    models: dict[str, ModelSaid]
    key: str
    """Names the footage, the models and the settings; a review of the same key need not be done again."""


def schema_text() -> str:
    """Return the JSON schema of `Decision`, as it ships."""
    schema = Decision.model_json_schema()
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def shipped_schema() -> dict[str, Any]:
    """Return the schema beside this file."""
    text = files("raasid.review").joinpath("decision.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def write_decision(folder: Path, decision: Decision) -> Path:
    """Write FOLDER/decision.json down to the disk and return it."""
    path = folder / FILE_NAME
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(decision.model_dump(), indent=1, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return path


def read_decision(folder: Path) -> Decision | None:
    """Return what an earlier review left; None where there is none, or one of another version."""
    try:
        return Decision.model_validate_json((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None
