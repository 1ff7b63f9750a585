"""Append-only history of numbered JSON records; each carries its own digest and that of the one before.

The last record holds. A change is the creation of record N + 1: of several processes that try, one succeeds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from raasid.escaping import printable
from raasid.registry.errors import RegistryDamaged
from raasid.registry.filesystem import AtomicWriter

MAX_RECORD_BYTES = 16 << 20
"""A configuration with metrics takes a few thousand."""
RecordBody = dict[str, Any]
_SURROGATE = re.compile("[\ud800-\udfff]")


class ChainRecord(NamedTuple):
    """One record of a chain."""

    seq: int
    """Consecutive, from 1."""
    body: RecordBody
    sha256: str
    """Of the file."""


class RecordChain:
    """The records `<seq>.json` of one folder."""

    def __init__(self, folder: Path, root: Path, writer: AtomicWriter) -> None:
        self.folder, self._root, self._writer = folder, root, writer
        self._newest: ChainRecord | None = None
        """The newest record read so far; records never change, so it stays valid."""

    def path(self, seq: int) -> Path:
        """Return the file of a record."""
        return self.folder / f"{seq:08d}.json"

    def head(self) -> ChainRecord | None:
        """Return the record that holds now; None if there is none. Raises RegistryDamaged."""
        known = 0 if self._newest is None else self._newest.seq
        last = self._last(known)
        if last == 0:
            return None
        if self._newest is None or self._newest.seq != last:
            self._newest = self.read(last)
        return self._newest

    def read(self, seq: int) -> ChainRecord:
        """Return one record. Raises RegistryDamaged."""
        path = self.path(seq)
        try:
            data = self._writer.fs.read(path)
        except FileNotFoundError as error:
            raise RegistryDamaged(path, "is missing") from error
        body = decode_record(data, path)
        if body.get("seq") != seq:
            raise RegistryDamaged(path, f"holds record {body.get('seq')}")
        return ChainRecord(seq, body, sha256_hex(data))

    def newest_first(self) -> Iterator[ChainRecord]:
        """Yield all records. Raises RegistryDamaged."""
        head = self.head()
        if head is not None:
            yield head
            for seq in range(head.seq - 1, 0, -1):
                yield self.read(seq)

    def append(self, make_body: Callable[[ChainRecord | None], RecordBody]) -> ChainRecord:
        """Append the record that `make_body` derives from the current one; retry if another process is first.

        An exception raised by `make_body` ends the attempt. On return the record is on the disk.
        """
        self._writer.make_folders(self.folder, self._root)
        while True:
            head = self.head()
            seq = 1 if head is None else head.seq + 1
            body = {**make_body(head), "seq": seq, "before": None if head is None else head.sha256}
            data = encode_record(body)
            if self._writer.create(self.path(seq), data):
                self._newest = ChainRecord(seq, body, sha256_hex(data))
                return self._newest

    def _last(self, known: int) -> int:
        """Return the largest number, in logarithmically many lookups: numbers are consecutive."""
        if not self._exists(known + 1):
            return known
        low, step = known + 1, 1
        while self._exists(low + step):
            low, step = low + step, step * 2
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            if self._exists(middle):
                low = middle
            else:
                high = middle
        return low

    def _exists(self, seq: int) -> bool:
        return self._writer.fs.stat(self.path(seq)) is not None


def encode_record(body: RecordBody) -> bytes:
    """Return a line of canonical JSON with the body and its digest as `seal`."""
    return canonical_json({**body, "seal": sha256_hex(canonical_json(body))}) + b"\n"


def decode_record(data: bytes, path: Path | str) -> RecordBody:
    """Return the body of an encoded record. Raises RegistryDamaged: truncated, changed or not a record."""
    if len(data) > MAX_RECORD_BYTES:
        raise RegistryDamaged(path, f"{len(data)} bytes are too many for a record")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RegistryDamaged(path, f"is not JSON ({type(error).__name__})") from error
    if not isinstance(body, dict):
        raise RegistryDamaged(path, "is not a record")
    seal = body.get("seal")
    try:
        # the whole line is canonical: so the sealed bytes are those of the line without the seal
        intact = data == canonical_json(body) + b"\n" and seal == sha256_hex(_without(data[:-1], str(seal)))
    except (ValueError, RecursionError):
        intact = False
    body.pop("seal", None)
    if not intact:
        raise RegistryDamaged(path, "was changed after it was written")
    return body


def canonical_json(value: Any) -> bytes:
    r"""Encode a JSON value in the one canonical way. Raises ValueError for NaN and infinities.

    A byte of a path that is not UTF-8 is recorded as `\xe9`, as strict readers refuse lone surrogates.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda found: f"\\{printable(found[0])}", text).encode()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 digest, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def _without(data: bytes, seal: str) -> bytes:
    """Return the canonical JSON of a record without its key `seal`."""
    entry = b'"seal":"%s"' % seal.encode()
    for field in (b"," + entry, entry + b",", entry):
        before, found, after = data.partition(field)
        if found:
            return before + after
    return data
