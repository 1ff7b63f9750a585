"""Contents of the registry's files, as validated models."""

from __future__ import annotations

import getpass
import os
import socket
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raasid.registry.errors import RegistryDamaged
from raasid.registry.names import CHAMPION


class Record(BaseModel):
    """Base of everything that is read from an encoded record."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @classmethod
    def from_body(cls, body: dict[str, Any], source: str) -> Any:
        """Validate a record's body; `source` names it in messages. Raises RegistryDamaged."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(map(str, first["loc"])) or "the record"
            raise RegistryDamaged(source, f"{path}: {first['msg']}") from error


class ChangeRecord(Record):
    """Fields of every change."""

    op: str
    """Id of the change; its line in the change log has the same."""
    author: str
    time: str
    """UTC, ISO 8601 with milliseconds."""
    reason: str


class PackageFile(Record):
    """One file of a package."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class MetricValue(Record):
    """A metric with its 95 % confidence interval."""

    value: float
    low: float | None = None
    high: float | None = None


class Signature(Record):
    """Ed25519 signature (RFC 8032) over the manifest without this field."""

    key: str
    """The public key, 64 hex digits."""
    value: str
    """128 hex digits."""


class Manifest(ChangeRecord):
    """`versions/<version>/manifest.json`: the immutable definition of a version."""

    format: Literal[1] = 1
    name: str
    version: str
    files: dict[str, PackageFile]
    model: dict[str, Any] = {}
    """Config section from which the module is built."""
    config: dict[str, Any] = {}
    """The whole config of the run."""
    metrics: dict[str, MetricValue] = {}
    """On held-out matches, measured by the run that trained it."""
    lineage: dict[str, Any] = {}
    """Data, code, run and initial weights, by digest."""
    signature: Signature | None = None


class EvaluationRecord(ChangeRecord):
    """`versions/<version>/evaluations/<seq>.json`: metrics measured after the registration."""

    seq: int
    before: str | None
    split: str
    data: dict[str, Any]
    metrics: dict[str, MetricValue]


class FreedRecord(ChangeRecord):
    """`versions/<version>/freed.json`: gc freed the version's files."""

    bytes: int


class AliasRecord(ChangeRecord):
    """`aliases/<alias>/<seq>.json`: the version that an alias points to from then on."""

    seq: int
    before: str | None
    alias: str = CHAMPION
    version: str | None
    """None: the alias is removed."""


class GateLookRecord(ChangeRecord):
    """`gate_looks/<test set>/<seq>.json`: a challenger that was compared with a champion on this test set."""

    seq: int
    before: str | None
    name: str
    champion: str
    challenger: str
    """A run or a version."""


class Route(Record):
    """A version and the share of an edition's clips that it answers."""

    edition: str
    """Of the Laws; `*` for every edition without routes of its own."""
    name: str
    version: str
    share: Annotated[float, Field(ge=0.0, le=1.0)]
    """0 is shadow traffic: the version receives all clips, and its answers are not used."""


class RouteTable(ChangeRecord):
    """`routes/<seq>.json`: all routes of all models, so that one file switches several models at once."""

    seq: int
    before: str | None
    routes: list[Route]


def current_author() -> str:
    """Return `RAASID_AUTHOR`, or user@host."""
    return os.environ.get("RAASID_AUTHOR") or f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return str(os.getuid())
