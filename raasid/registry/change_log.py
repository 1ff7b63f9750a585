"""Who changes what and why, told before it is done; a file of lines for each process, so that none waits.

A line holds its own checksum and that of the line before. A line that a crash cut short is no line: its
writer is gone, and nobody writes behind it. What a line announces has happened where a record with the same
`op` is there; after a crash between the two it has not. A line `done` says where that record is.

The change log joined with the records: what was announced, and whether it was carried out.

A line of the log comes before the deed. After a crash between the two there is the line alone.
"""

from __future__ import annotations

import json
import os
import re
import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from raasid.registry.errors import RegistryDamaged
from raasid.registry.filesystem import APPEND, Durable, write_all
from raasid.registry.record_chain import canonical, digest

FILE = re.compile(r"[A-Za-z0-9_-]{1,80}-\d{6}\.jsonl")
_PER_FILE = 10_000
_START = "0" * 64


class Line(NamedTuple):
    """One line of the log."""

    file: str
    number: int
    """In its file, from 1."""
    body: dict[str, Any]


class ChangeLog:
    """`log/<writer>-<n>.jsonl`."""

    def __init__(self, root: Path, durable: Durable) -> None:
        self.folder, self._root, self._durable = root / "log", root, durable
        host = re.sub(r"[^A-Za-z0-9_]", "_", socket.gethostname())[:40]
        self._host, self._writer, self._pid = host, "", 0
        self._files, self._file, self._lines, self._before = 0, -1, 0, _START

    def append(self, body: dict[str, Any]) -> None:
        """Add a line, down to the disk. Raises OSError; the line then counts for nothing."""
        if self._pid != os.getpid():  # also after a fork: two processes never share a file
            self._pid, self._files, self._file = os.getpid(), 0, -1
            self._writer = f"{self._host}-{self._pid}-{os.urandom(4).hex()}"
        if self._file < 0 or self._lines >= _PER_FILE:
            self._begin()
        told = {**body, "before": self._before}
        self._write(told, sync=True)

    def done(self, op: str, record: Path) -> None:
        """Tell, behind what was announced, that it was carried out, and where that is written.

        It need not last: where it does, fsck misses a record that somebody takes away.
        """
        if self._file >= 0 and self._pid == os.getpid():
            told = {"done": op, "record": record.relative_to(self._root).as_posix(), "before": self._before}
            with suppress(OSError):
                self._write(told, sync=False)

    def _write(self, told: dict[str, Any], sync: bool) -> None:
        line = canonical({**told, "crc": _crc(told)}) + b"\n"
        file, self._file = self._file, -1  # whatever goes wrong, nothing is ever written behind it
        try:
            write_all(self._durable.disk, file, line)
            if sync:
                self._durable.disk.sync(file)
        except OSError:
            self._durable.disk.close(file)
            raise
        self._file, self._before, self._lines = file, digest(line), self._lines + 1

    def lines(self) -> Iterator[Line]:
        """Whatever was announced, file by file. Raises RegistryDamaged."""
        for name in self._durable.disk.names(self.folder):
            if FILE.fullmatch(name):
                yield from (line for line in self.lines_of(name) if "done" not in line.body)

    def lines_of(self, name: str) -> Iterator[Line]:
        """Whole lines of one file. Raises RegistryDamaged."""
        path = self.folder / name
        *whole, rest = self._durable.disk.read(path).split(b"\n")
        before = _START
        for number, line in enumerate(whole, start=1):
            body = _checked(line, f"{path}, line {number}")
            if body.pop("before") != before:
                raise RegistryDamaged(f"{path}, line {number}", "does not follow from the line before")
            before = digest(line + b"\n")
            yield Line(name, number, body)
        if rest and not _torn(rest):
            raise RegistryDamaged(f"{path}, line {len(whole) + 1}", "was changed after it was written")

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0 and self._pid == os.getpid():
            self._durable.disk.close(self._file)
        self._file = -1

    def _begin(self) -> None:
        if self._file >= 0:
            self._durable.disk.close(self._file)
            self._file = -1
        self._durable.folder(self.folder, self._root)
        self._files += 1
        path = self.folder / f"{self._writer}-{self._files:06d}.jsonl"
        file = self._durable.disk.open(path, APPEND)
        try:
            self._durable.disk.sync_folder(self.folder)
        except OSError:
            self._durable.disk.close(file)
            raise
        self._file, self._lines, self._before = file, 0, _START


def _checked(line: bytes, where: str) -> dict[str, Any]:
    try:
        body = json.loads(line)
        crc = body.pop("crc")
        intact = crc == _crc(body) and line == canonical({**body, "crc": crc}) and "before" in body
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        intact, body = False, {}
    if not intact:
        raise RegistryDamaged(where, "was changed after it was written")
    return dict(body)


def _torn(rest: bytes) -> bool:
    """Whether this is the beginning of a line, or all of it but its end: nothing may come behind a value."""
    if not rest.startswith(b"{"):
        return False
    try:
        json.JSONDecoder().raw_decode(rest.decode("utf-8", "ignore"))
    except (ValueError, RecursionError):
        return True
    try:
        return canonical(json.loads(rest)) == rest
    except ValueError:
        return False


def _crc(body: dict[str, Any]) -> str:
    return f"{zlib.crc32(canonical(body)):08x}"
