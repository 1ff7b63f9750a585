"""The few calls by which the registry touches a filesystem; tests fail, kill or forget at each of them.

Only what NFS version 3 guarantees is relied on: a file or link is created by one process or by none, a rename
within a directory is seen whole, and what was synced stays. There are no locks.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

CREATE = os.O_CREAT | os.O_EXCL | os.O_WRONLY
APPEND = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND


class Entry(NamedTuple):
    """What is known of a file without reading it."""

    size: int
    """Bytes."""
    modified: float
    """Seconds since 1970, by the filesystem's clock."""
    links: int
    """Names that it has."""
    is_folder: bool


class Disk:
    """The real one. Every method raises OSError as the call behind it does."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file and return its descriptor."""
        return os.open(path, flags, 0o644)

    def write(self, file: int, data: bytes | memoryview) -> int:
        """Write some of `data`; return how many bytes."""
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Return when a file's content is on the disk."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Close a descriptor."""
        os.close(file)

    def sync_folder(self, path: Path) -> None:
        """Return when the names in a folder are on the disk."""
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def make_folder(self, path: Path) -> None:
        """Create one folder."""
        path.mkdir()

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; FileExistsError where the name is taken."""
        os.link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name, in place of whatever had it."""
        source.rename(target)

    def unlink(self, path: Path) -> None:
        """Take a name away."""
        path.unlink()

    def touch(self, path: Path) -> None:
        """Set the time of the last change to now."""
        os.utime(path)

    def read(self, path: Path) -> bytes:
        """Return a whole file."""
        return path.read_bytes()

    def names(self, folder: Path) -> list[str]:
        """Return what is in a folder, sorted; nothing where there is none."""
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208 - a third of iterdir's time
        except (FileNotFoundError, NotADirectoryError):
            return []

    def entry(self, path: Path) -> Entry | None:
        """Return what is known of a file or folder; None where there is none."""
        try:
            found = path.stat(follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        folder = found.st_mode & 0o170000 == 0o040000
        return Entry(found.st_size, found.st_mtime, found.st_nlink, folder)
