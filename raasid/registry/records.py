"""What the registry's files hold.

Who makes a change.
"""

from __future__ import annotations

import getpass
import os
import socket
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raasid.registry.errors import RegistryDamaged
from raasid.registry.names import CHAMPION


class Record(BaseModel):
    """Plain values, read from a sealed file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @classmethod
    def of(cls, body: dict[str, Any], where: str) -> Any:
        """Raises RegistryDamaged for what is not such a record."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the record"
            raise RegistryDamaged(where, f"{place}: {first['msg']}") from error


class Change(Record):
    """What every change says of itself."""

    op: str
    """Names the change in the log."""
    author: str
    time: str
    """UTC, ISO 8601 with milliseconds."""
    reason: str


class Member(Record):
    """One file of a package."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]


class Figure(Record):
    """A metric with its 95 % interval."""

    value: float
    low: float | None = None
    high: float | None = None


class Signature(Record):
    """Ed25519 over everything else in the manifest (RFC 8032)."""

    key: str
    """The public key, 64 hex digits."""
    value: str
    """128 hex digits."""


class Manifest(Change):
    """`versions/<version>/manifest.json`: a version is what this says, for ever."""

    format: Literal[1] = 1
    name: str
    version: str
    files: dict[str, Member]
    model: dict[str, Any] = {}
    """Configuration from which the module is built."""
    config: dict[str, Any] = {}
    """Of the whole run."""
    metrics: dict[str, Figure] = {}
    """On held-out matches, by the run that made it."""
    lineage: dict[str, Any] = {}
    """Data, code, run and the weights that it was built on, by digest."""
    signature: Signature | None = None


class Evaluation(Change):
    """`versions/<version>/evaluations/<seq>.json`: figures that were measured later."""

    seq: int
    before: str | None
    split: str
    data: dict[str, Any]
    metrics: dict[str, Figure]


class Freed(Change):
    """`versions/<version>/freed.json`: gc has cleared its files away."""

    bytes: int


class AliasSet(Change):
    """`aliases/<alias>/<seq>.json`: to which version an alias points from now on."""

    seq: int
    before: str | None
    alias: str = CHAMPION
    version: str | None
    """None: to none."""


class Route(Record):
    """Which version answers a share of the clips of an edition."""

    edition: str
    """Of the Laws; `*` where none of its own is named."""
    name: str
    version: str
    share: Annotated[float, Field(ge=0.0, le=1.0)]
    """0: it sees all clips, and nobody sees its answers (shadow)."""


class RouteTable(Change):
    """`routes/<seq>.json`: all routes of all models; so that one file switches several at once."""

    seq: int
    before: str | None
    routes: list[Route]


def who() -> str:
    """Who is at work: `RAASID_AUTHOR`, or user@host."""
    return os.environ.get("RAASID_AUTHOR") or f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return str(os.getuid())
