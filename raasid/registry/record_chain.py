"""A history of one thing: numbered records, each created once, each naming the one before by its digest.

The last record is what holds now. Whoever creates number N + 1 has changed it; whoever comes second has not.

Small records as JSON that carry their own digest: a single changed byte is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from raasid.registry.errors import RegistryDamaged
from raasid.registry.filesystem import Durable

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


Body = dict[str, Any]


class Link(NamedTuple):
    """One record of a history."""

    seq: int
    """From 1, without gaps."""
    body: Body
    sha256: str
    """Of the file."""


class Chain:
    """The records `<seq>.json` of one folder."""

    def __init__(self, folder: Path, root: Path, durable: Durable) -> None:
        self.folder, self._root, self._durable = folder, root, durable
        self._seen: Link | None = None
        """The newest that was read; records never change, so it stays true."""

    def path(self, seq: int) -> Path:
        """Where a record lies."""
        return self.folder / f"{seq:08d}.json"

    def head(self) -> Link | None:
        """The record that holds now; None where there is none. Raises RegistryDamaged."""
        known = 0 if self._seen is None else self._seen.seq
        last = self._last(known)
        if last == 0:
            return None
        if self._seen is None or self._seen.seq != last:
            self._seen = self.read(last)
        return self._seen

    def read(self, seq: int) -> Link:
        """One record. Raises RegistryDamaged."""
        path = self.path(seq)
        try:
            data = self._durable.disk.read(path)
        except FileNotFoundError as error:
            raise RegistryDamaged(path, "is missing") from error
        body = unsealed(data, path)
        if body.get("seq") != seq:
            raise RegistryDamaged(path, f"holds record {body.get('seq')}")
        return Link(seq, body, digest(data))

    def backwards(self) -> Iterator[Link]:
        """All records, the newest first. Raises RegistryDamaged."""
        head = self.head()
        if head is not None:
            yield head
            for seq in range(head.seq - 1, 0, -1):
                yield self.read(seq)

    def append(self, make: Callable[[Link | None], Body]) -> Link:
        """Add what `make` makes of the record that holds now; again, if somebody else is faster.

        `make` raises to give up. On return the record is on the disk.
        """
        self._durable.folder(self.folder, self._root)
        while True:
            head = self.head()
            seq = 1 if head is None else head.seq + 1
            body = {**make(head), "seq": seq, "before": None if head is None else head.sha256}
            data = sealed(body)
            if self._durable.create(self.path(seq), data):
                self._seen = Link(seq, body, digest(data))
                return self._seen

    def _last(self, known: int) -> int:
        """The largest number, in logarithmically many looks: there are no gaps."""
        if not self._there(known + 1):
            return known
        low, step = known + 1, 1
        while self._there(low + step):
            low, step = low + step, step * 2
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            if self._there(middle):
                low = middle
            else:
                high = middle
        return low

    def _there(self, seq: int) -> bool:
        return self._durable.disk.entry(self.path(seq)) is not None
