"""Small records as JSON that carry their own digest: a single changed byte is found."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from raasid.registry.errors import RegistryDamaged

LARGEST = 16 << 20
"""Bytes of a record; a configuration with metrics is a few thousand."""


def canonical(value: Any) -> bytes:
    """The one way to write a JSON value; ValueError for NaN and infinities."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest(data: bytes) -> str:
    """sha256 in hex."""
    return hashlib.sha256(data).hexdigest()


def sealed(body: dict[str, Any]) -> bytes:
    """A record with its seal, a line of canonical JSON."""
    return canonical({**body, "seal": digest(canonical(body))}) + b"\n"


def unsealed(data: bytes, path: Path | str) -> dict[str, Any]:
    """The opposite of `sealed`. Raises RegistryDamaged: torn, changed, or not written by `sealed`."""
    if len(data) > LARGEST:
        raise RegistryDamaged(path, f"{len(data)} bytes are too many for a record")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RegistryDamaged(path, f"is not JSON ({type(error).__name__})") from error
    if not isinstance(body, dict):
        raise RegistryDamaged(path, "is not a record")
    seal = body.get("seal")
    try:
        # canonical as a whole: then the record without its seal is these bytes without those of the seal
        intact = data == canonical(body) + b"\n" and seal == digest(_without(data[:-1], str(seal)))
    except (ValueError, RecursionError):
        intact = False
    body.pop("seal", None)
    if not intact:
        raise RegistryDamaged(path, "was changed after it was written")
    return body


def _without(data: bytes, seal: str) -> bytes:
    """Canonical JSON of a record without its key `seal`."""
    told = b'"seal":"%s"' % seal.encode()
    for field in (b"," + told, told + b",", told):
        before, found, after = data.partition(field)
        if found:
            return before + after
    return data
