"""SHA-256 digests of files, kept on disk: a file is read again only if it may have changed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

from raasid.console.terminal import progress
from raasid.errors import DataError, RaasidError
from raasid.io.atomic import write_atomic
from raasid.io.drafts import remove_abandoned

CACHE_NAME = "file_digests.json"
SHOWN_DIGITS = 12
_FORMAT = 1
_RECENT_NS = 2_000_000_000
"""The coarsest file times of filesystems in use. A file that was written less than this before it was read
may be written again without another time, so its digest is not kept."""
_THREADS = 4
_CHUNK_FILES = 512
_QUIET_BYTES = 256 << 20
"""Up to so many bytes are read in about a second, without a progress bar."""

Signature = list[int]
"""Size in bytes, modification and change time in nanoseconds. A user can restore the modification time."""


class FileUnreadable(DataError):
    """A file that is there and cannot be read."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path}: cannot be read: {error.strerror or error}; make it readable or remove it")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits; read in chunks, so that hours of video cost no memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FileDigests:
    """SHA-256 of files, known by inode, size, modification time and change time, or else read.

    cache: the file that keeps them; None reads every file. Processes may share it: each save replaces it as
    a whole, and what another has saved meanwhile is at worst computed again. Where it cannot be written, as
    on a read-only disk, nothing is kept. Inodes of two filesystems may be equal, but not with both times.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._new: dict[str, list[Any]] = {}

    def of(self, paths: Iterable[Path], title: str) -> dict[Path, str]:
        """Return the digest of each file that exists, and save what was read.

        title: of the progress bar. Raises FileUnreadable.
        """
        found: dict[Path, str] = {}
        unread: list[Path] = []
        size = 0
        for path in dict.fromkeys(paths):
            status = _regular_file(path)
            if status is None:
                continue
            digest = self._known(status)
            if digest is None:
                unread.append(path)
                size += status.st_size
            else:
                found[path] = digest
        if unread:
            shown = progress(title, len(unread)) if size > _QUIET_BYTES else nullcontext(lambda files: None)
            with shown as update, ThreadPoolExecutor(_THREADS) as pool:
                for start in range(0, len(unread), _CHUNK_FILES):
                    chunk = unread[start : start + _CHUNK_FILES]
                    found |= zip(chunk, pool.map(self._read, chunk), strict=True)
                    update(len(chunk))
            self.save()
        return found

    def get(self, path: Path) -> str | None:
        """Return the digest of a file, None where there is none; `save` keeps it. Raises FileUnreadable."""
        status = _regular_file(path)
        if status is None:
            return None
        return self._known(status) or self._read(path)

    def keep_after_link(self, path: Path, digest: str) -> None:
        """Keep a known digest although a new hard link has changed the file's change time."""
        status = path.stat()
        entry = self._entry(status)
        if entry is not None and [*entry[:2], entry[3]] == [status.st_size, status.st_mtime_ns, digest]:
            self._new[str(status.st_ino)] = [*_signature(status), digest]

    def keep(self, path: Path, digest: str) -> None:
        """Keep the digest of a file that this process has written and that will not change."""
        status = path.stat()
        self._new[str(status.st_ino)] = [*_signature(status), digest]

    def save(self) -> None:
        """Add the digests of files that were read to the cache."""
        if not self._new or self._cache is None:
            return
        try:
            remove_abandoned(self._cache.parent)
            entries = _load(self._cache) | self._new
            write_atomic(self._cache, json.dumps({"format": _FORMAT, "files": entries}))
        except (OSError, RaasidError):  # full or read-only: the next process reads the files again
            return
        self._saved.update(self._new)
        self._new.clear()

    @cached_property
    def _saved(self) -> dict[str, list[Any]]:
        return {} if self._cache is None else _load(self._cache)

    def _entry(self, status: os.stat_result) -> list[Any] | None:
        inode = str(status.st_ino)
        return self._new.get(inode) or self._saved.get(inode)

    def _known(self, status: os.stat_result) -> str | None:
        entry = self._entry(status)
        return str(entry[3]) if entry is not None and entry[:3] == _signature(status) else None

    def _read(self, path: Path) -> str:
        """Digest a file; keep the digest unless the file was written just now or during the reading."""
        newest = time.time_ns() - _RECENT_NS
        try:
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                after = os.fstat(file.fileno())
        except OSError as error:
            raise FileUnreadable(path, error) from error
        if before.st_mtime_ns < newest and _signature(before) == _signature(after):
            self._new[str(after.st_ino)] = [*_signature(after), digest]
        return digest


def find_damage(
    folder: Path, files: Mapping[str, Mapping[str, Any]], digests: FileDigests, title: str
) -> dict[str, str]:
    """Describe each file that is missing or has another size or SHA-256 than its record.

    files: name relative to `folder` -> `bytes` and `sha256`. title: of the progress bar.
    Raises FileUnreadable.
    """
    paths = {name: folder / name for name in files}
    found = digests.of(paths.values(), title)
    damage: dict[str, str] = {}
    for name, path in paths.items():
        digest, expected = found.get(path), str(files[name]["sha256"])
        if digest == expected:
            continue
        status = _regular_file(path)
        if digest is None or status is None:
            damage[name] = "missing"
        elif status.st_size != files[name]["bytes"]:
            damage[name] = f"{status.st_size} bytes, expected {files[name]['bytes']}"
        else:
            damage[name] = describe_change(digest, expected)
    return damage


def describe_change(found: str, expected: str) -> str:
    """Say that a file has another SHA-256 than it should."""
    return f"changed: SHA-256 {found[:SHOWN_DIGITS]}, expected {expected[:SHOWN_DIGITS]}"


def _regular_file(path: Path) -> os.stat_result | None:
    """Return the status of a file; None if there is none, or something else, such as a pipe."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileUnreadable(path, error) from error
    return status if stat.S_ISREG(status.st_mode) else None


def _signature(status: os.stat_result) -> Signature:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _load(cache: Path) -> dict[str, list[Any]]:
    """Read the entries of a cache; none from a file that is missing or damaged."""
    try:
        document = json.loads(cache.read_bytes())
        if document["format"] != _FORMAT:
            return {}
        return {
            inode: entry
            for inode, entry in document["files"].items()
            if len(entry) == 4 and isinstance(entry[3], str)
        }
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}
