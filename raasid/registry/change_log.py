"""Append-only change log: each process announces its changes in a file of its own before it makes them.

Each line holds its CRC and the digest of the line before. A line truncated by a crash is ignored: its writer
is dead and nothing follows it. A change took place if a record with the same `op` exists; a `done` line names
that record.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from raasid.registry.errors import RegistryDamaged
from raasid.registry.filesystem import APPEND, AtomicWriter, write_all
from raasid.registry.record_chain import canonical_json, sha256_hex

LOG_FILE = re.compile(r"[A-Za-z0-9_-]{1,80}-\d{6}\.jsonl")
_MAX_LINES = 10_000
"""Of one file."""
_NO_LINE = "0" * 64
"""Stands for the digest of the line before the first."""


class _Process:
    """Tells a process from its forked children; process ids do not, in containers."""

    current = object()

    @classmethod
    def renew(cls) -> None:
        cls.current = object()


os.register_at_fork(after_in_child=_Process.renew)


class LogLine(NamedTuple):
    """One line of the log."""

    file: str
    number: int
    """In its file, from 1."""
    body: dict[str, Any]


class ChangeLog:
    """The files `log/<writer>-<n>.jsonl`; the writer is a host, for people, and a random number."""

    def __init__(self, root: Path, writer: AtomicWriter) -> None:
        self.folder, self._root, self._writer = root / "log", root, writer
        self._host = re.sub(r"[^A-Za-z0-9_]", "_", socket.gethostname())[:40]
        self._name, self._process = "", object()
        self._num_files, self._num_lines, self._before = 0, 0, _NO_LINE
        self._file = -1
        """Descriptor of the file that is open for appending; -1 if there is none."""

    def append(self, body: dict[str, Any]) -> None:
        """Append a synced line. Raises OSError; the line is then ignored by readers."""
        if self._process is not _Process.current:  # also after a fork: two processes never share a file
            self._process, self._num_files, self._file = _Process.current, 0, -1
            self._name = f"{self._host}-{secrets.token_hex(8)}"
        if self._file < 0 or self._num_lines >= _MAX_LINES:
            self._start_file()
        self._write({**body, "before": self._before}, sync=True)

    def done(self, op: str, record: Path) -> None:
        """Append, unsynced, that an announced change was made and in which file it is recorded.

        With this line, fsck notices if the record disappears. It may get lost: nothing else depends on it.
        """
        if self._file >= 0 and self._process is _Process.current:
            body = {"done": op, "record": record.relative_to(self._root).as_posix(), "before": self._before}
            with suppress(OSError):
                self._write(body, sync=False)

    def lines_of(self, name: str) -> Iterator[LogLine]:
        """Yield the complete lines of one file. Raises RegistryDamaged."""
        path = self.folder / name
        *complete, rest = self._writer.fs.read(path).split(b"\n")
        before = _NO_LINE
        for number, line in enumerate(complete, start=1):
            body = _decoded(line, f"{path}, line {number}")
            if body.pop("before") != before:
                raise RegistryDamaged(f"{path}, line {number}", "does not follow from the line before")
            before = sha256_hex(line + b"\n")
            yield LogLine(name, number, body)
        if rest and not _is_truncated_line(rest):
            raise RegistryDamaged(f"{path}, line {len(complete) + 1}", "was changed after it was written")

    def close(self) -> None:
        """Close the file that this process appends to."""
        if self._file >= 0 and self._process is _Process.current:
            self._writer.fs.close(self._file)
        self._file = -1

    def _write(self, body: dict[str, Any], sync: bool) -> None:
        line = canonical_json({**body, "crc": _crc(body)}) + b"\n"
        file, self._file = self._file, -1  # after a failure nothing is ever appended to this file
        try:
            write_all(self._writer.fs, file, line)
            if sync:
                self._writer.fs.sync(file)
        except OSError:
            self._writer.fs.close(file)
            raise
        self._file, self._before, self._num_lines = file, sha256_hex(line), self._num_lines + 1

    def _start_file(self) -> None:
        if self._file >= 0:
            self._writer.fs.close(self._file)
            self._file = -1
        self._writer.make_folders(self.folder, self._root)
        self._num_files += 1
        path = self.folder / f"{self._name}-{self._num_files:06d}.jsonl"
        file = self._writer.fs.open(path, APPEND)
        try:
            self._writer.fs.sync_folder(self.folder)
        except OSError:
            self._writer.fs.close(file)
            raise
        self._file, self._num_lines, self._before = file, 0, _NO_LINE


def _decoded(line: bytes, source: str) -> dict[str, Any]:
    try:
        body = json.loads(line)
        crc = body.pop("crc")
        intact = crc == _crc(body) and line == canonical_json({**body, "crc": crc}) and "before" in body
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        intact, body = False, {}
    if not intact:
        raise RegistryDamaged(source, "was changed after it was written")
    return dict(body)


def _is_truncated_line(rest: bytes) -> bool:
    """Whether this is a line without its end; nothing may follow the JSON value."""
    if not rest.startswith(b"{"):
        return False
    try:
        json.JSONDecoder().raw_decode(rest.decode("utf-8", "ignore"))
    except (ValueError, RecursionError):
        return True
    try:
        return canonical_json(json.loads(rest)) == rest
    except ValueError:
        return False


def _crc(body: dict[str, Any]) -> str:
    return f"{zlib.crc32(canonical_json(body)):08x}"
