"""`card.json`, the model card: purpose, inputs and outputs, metrics, training data, license and limits.

`card.schema.json` beside this file is its JSON schema.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import ValidationError

from raasid.registry.errors import PackageRefused
from raasid.registry.records import Record
from raasid.registry.strict_json import parse_json

CARD = "card.json"


class IOSpec(Record):
    """An input or output of an exported graph."""

    graph: str
    """Name of the file without `.onnx`; a model may consist of several graphs."""
    name: str
    axes: list[int | str]
    """Fixed lengths, and names of axes whose length may change."""
    dtype: str
    meaning: str
    """Units, order and range."""


class CardMetric(Record):
    """A metric on held-out matches; null if it is undefined."""

    value: float | None
    low: float | None
    """Of the 95 % interval."""
    high: float | None
    n: int
    """Number of units that were resampled for the interval."""
    unit: str
    """match, frame, person or clip."""
    meaning: str = ""


class SplitInfo(Record):
    """Size of a split."""

    matches: int
    frames: int


class TrainingData(Record):
    """Footage and weights that the model was trained on."""

    source: str
    """The reader's format, or `synthetic`."""
    dataset: str | None = None
    """Version of the store."""
    splits: dict[str, SplitInfo]
    digests: dict[str, str]
    """sha256 of all labels, and of the weights that the training started from or used, by role."""
    licenses: list[str]
    """Of the footage and its annotations."""


class License(Record):
    """Terms of use of the weights."""

    weights: str
    """SPDX identifier."""
    reason: str


class Card(Record):
    """The model card; `build_card` writes it from the run that trained the model."""

    format: Literal[1] = 1
    name: str
    """In the registry."""
    task: str
    model: str
    """Class of the module."""
    purpose: str
    inputs: list[IOSpec]
    outputs: list[IOSpec]
    facts: dict[str, Any] = {}  # noqa: RUF012
    """By graph: what a caller needs besides inputs and outputs, such as thresholds and scales."""
    metrics: dict[str, CardMetric]
    measured_on: dict[str, int]
    """Number of matches, frames, …; empty if the model was not measured."""
    law_edition: str | None
    """Edition of the Laws of the metrics; null for models without decisions."""
    data: TrainingData
    license: License
    limits: list[str]

    def to_json(self) -> bytes:
        """Return indented JSON, in the order of the fields."""
        text = json.dumps(self.model_dump(), indent=1, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"


def read_card(data: bytes) -> Card:
    """Parse the bytes of `to_json`. Raises PackageRefused."""
    try:
        return Card.model_validate(parse_json(data))
    except ValidationError as error:
        first = error.errors()[0]
        location = ".".join(map(str, first["loc"])) or "the card"
        raise PackageRefused(CARD, f"{location}: {first['msg']}") from error
    except ValueError as error:
        raise PackageRefused(CARD, str(error)) from error
