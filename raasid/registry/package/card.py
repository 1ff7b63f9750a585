"""`card.json`: what a model is for, what goes in and comes out, how good it is, and where it ends.

`card.schema.json` beside this file describes it for other programs.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import ValidationError

from raasid.registry.errors import PackageRefused
from raasid.registry.package.json_text import parsed
from raasid.registry.records import Record

CARD = "card.json"


class PortSaid(Record):
    """An input or output of the net, as the exported graph has it."""

    graph: str
    """File without `.onnx`; a model may be several nets."""
    name: str
    axes: list[int | str]
    """Fixed lengths, and names of those that may change."""
    dtype: str
    meaning: str
    """Units, order and range."""


class Measure(Record):
    """A metric on held-out matches; null where it is undefined."""

    value: float | None
    low: float | None
    """Of the 95 % interval."""
    high: float | None
    n: int
    """How many units were resampled for the interval."""
    unit: str
    """match, frame, person or clip."""
    meaning: str = ""


class Part(Record):
    """A split, as large as it was."""

    matches: int
    frames: int


class DataSaid(Record):
    """From what the model was made."""

    source: str
    """The reader's format, or `synthetic`."""
    dataset: str | None = None
    """Version of the store."""
    splits: dict[str, Part]
    digests: dict[str, str]
    """sha256 of all labels, and of the weights that it was built on, by role."""
    licenses: list[str]
    """Of the footage and its annotations."""


class License(Record):
    """Under which terms the weights may be used."""

    weights: str
    """SPDX."""
    reason: str


class Card(Record):
    """Written from the run that made the model."""

    format: Literal[1] = 1
    name: str
    """In the registry."""
    task: str
    model: str
    """Class of the module."""
    purpose: str
    inputs: list[PortSaid]
    outputs: list[PortSaid]
    facts: dict[str, Any] = {}  # noqa: RUF012
    """By graph: what else turns outputs into an answer, as thresholds and scales."""
    metrics: dict[str, Measure]
    measured_on: dict[str, int]
    """Matches, frames, …; empty where nothing was measured."""
    law_edition: str | None
    """Whose clauses the figures follow; null for a model that rules nothing."""
    data: DataSaid
    license: License
    limits: list[str]

    def to_json(self) -> bytes:
        """For people too: indented, in the order of the fields."""
        text = json.dumps(self.model_dump(), indent=1, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"


def read_card(data: bytes) -> Card:
    """The opposite of `to_json`. Raises PackageRefused."""
    try:
        return Card.model_validate(parsed(data))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the card"
        raise PackageRefused(CARD, f"{place}: {first['msg']}") from error
    except ValueError as error:
        raise PackageRefused(CARD, str(error)) from error
