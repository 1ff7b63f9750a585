"""Filesystem calls of the registry, and atomic, durable writes on top of them.

Only what NFS version 3 guarantees is used: exactly one process creates a given file or link, a rename within
a directory is atomic, and what was synced persists. There are no locks.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

CREATE = os.O_CREAT | os.O_EXCL | os.O_WRONLY
APPEND = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
DRAFT_PREFIX = ".new-"
"""Name prefix of files that are not complete yet. Readers skip them; gc deletes those of killed processes."""


class FileInfo(NamedTuple):
    """What `stat` tells of a file or folder."""

    size: int
    """Bytes."""
    modified: float
    """Seconds since 1970, by the filesystem's clock."""
    links: int
    """Number of hard links."""
    is_folder: bool


class FileSystem:
    """Every call by which the registry touches a filesystem; tests make each of them fail, kill or forget.

    All methods raise OSError as the system call behind them does.
    """

    def open(self, path: Path, flags: int) -> int:
        """Open a file and return its descriptor."""
        return os.open(path, flags, 0o644)

    def write(self, file: int, data: bytes | memoryview) -> int:
        """Write some of `data` and return how many bytes were written."""
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Flush a file's content to the disk."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Close a descriptor."""
        os.close(file)

    def sync_folder(self, path: Path) -> None:
        """Flush the names in a folder to the disk."""
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def make_folder(self, path: Path) -> None:
        """Create one folder; its parent exists."""
        path.mkdir()

    def link(self, source: Path, target: Path) -> None:
        """Create a hard link. Raises FileExistsError if the name is taken."""
        os.link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file, replacing the target."""
        source.rename(target)

    def unlink(self, path: Path) -> None:
        """Delete a file."""
        path.unlink()

    def touch(self, path: Path) -> None:
        """Set the modification time to now."""
        os.utime(path)

    def read(self, path: Path) -> bytes:
        """Return the content of a file."""
        return path.read_bytes()

    def list_folder(self, folder: Path) -> list[str]:
        """Return the sorted names in a folder; an empty list if there is no such folder."""
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208 - a third of iterdir's time
        except (FileNotFoundError, NotADirectoryError):
            return []

    def stat(self, path: Path) -> FileInfo | None:
        """Return the facts of a file or folder; None if there is none. Symbolic links are not followed."""
        try:
            found = path.stat(follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        is_folder = found.st_mode & 0o170000 == 0o040000
        return FileInfo(found.st_size, found.st_mtime, found.st_nlink, is_folder)


class AtomicWriter:
    """Creates files that are complete or absent after any crash. Not thread-safe."""

    def __init__(self, fs: FileSystem) -> None:
        self.fs = fs
        self._synced: set[Path] = set()
        """Paths whose own names are known to be on the disk."""

    def make_folders(self, path: Path, root: Path) -> None:
        """Create a folder and its parents from `root` down, and sync all their names."""
        if path in self._synced:
            return
        if root in path.parents or self.fs.stat(path.parent) is None:
            self.make_folders(path.parent, root)
        with suppress(FileExistsError):
            self.fs.make_folder(path)
        self.fs.sync_folder(path.parent)
        self._synced.add(path)

    def sync_parent(self, path: Path) -> None:
        """Sync a name that another process may have created without having synced it yet."""
        if path not in self._synced:
            self.fs.sync_folder(path.parent)
            self._synced.add(path)

    def write_draft(self, path: Path, data: bytes) -> None:
        """Write and sync a new file; its name is not synced. Raises FileExistsError."""
        file = self.fs.open(path, CREATE)
        try:
            write_all(self.fs, file, data)
            self.fs.sync(file)
        finally:
            self.fs.close(file)

    def create(self, path: Path, data: bytes) -> bool:
        """Create a file with its content in an existing folder; return False if another process did."""
        draft = path.with_name(draft_name())
        try:
            self.write_draft(draft, data)
            return self.publish(draft, path)
        finally:
            with suppress(OSError):  # gc deletes a draft that stays; the file itself is not in question
                self.fs.unlink(draft)

    def publish(self, draft: Path, path: Path) -> bool:
        """Link a synced draft to its final name; return False if the name is taken. The draft stays."""
        try:
            self.fs.link(draft, path)
        except FileExistsError:
            # NFS: the reply to a successful link may get lost, and the retried call then fails
            own, other = self.fs.stat(draft), self.fs.stat(path)
            if own is None or other is None or own.links < 2 or other.links < 2:
                return False
            if self.fs.read(draft) != self.fs.read(path):
                return False
        self.fs.sync_folder(path.parent)
        return True


def write_all(fs: FileSystem, file: int, data: bytes) -> None:
    """Write all of `data`, in as many calls as the filesystem needs."""
    rest = memoryview(data)
    while rest:
        rest = rest[fs.write(file, rest) :]


def draft_name() -> str:
    """Return a draft's file name that no other process uses."""
    return f"{DRAFT_PREFIX}{secrets.token_hex(16)}"
