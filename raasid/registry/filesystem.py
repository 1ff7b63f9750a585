"""The few calls by which the registry touches a filesystem; tests fail, kill or forget at each of them.

Only what NFS version 3 guarantees is relied on: a file or link is created by one process or by none, a rename
within a directory is seen whole, and what was synced stays. There are no locks.

Files that are there whole or not at all, and stay: on any filesystem that keeps `Disk`'s promises.
"""

from __future__ import annotations

import itertools
import os
import socket
from contextlib import suppress
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


LEFTOVER = ".new-"
"""Files that a killed process left begin so; nothing ever reads them."""
_numbers = itertools.count()


class Durable:
    """What a registry does to its disk. Not for several threads at once."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._safe: set[Path] = set()
        """Folders whose own names are known to be on the disk."""

    def folder(self, path: Path, root: Path) -> None:
        """Make a folder and those above it, down from `root`; they are on the disk, whoever made them."""
        if path in self._safe:
            return
        if root in path.parents or self.disk.entry(path.parent) is None:
            self.folder(path.parent, root)
        with suppress(FileExistsError):
            self.disk.make_folder(path)
        self.disk.sync_folder(path.parent)
        self._safe.add(path)

    def keep_name(self, path: Path) -> None:
        """Make sure that a name which somebody else may just have given is on the disk."""
        if path not in self._safe:
            self.disk.sync_folder(path.parent)
            self._safe.add(path)

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file, down to the disk; its name is not there yet. FileExistsError: it is taken."""
        file = self.disk.open(path, CREATE)
        try:
            write_all(self.disk, file, data)
            self.disk.sync(file)
        finally:
            self.disk.close(file)

    def create(self, path: Path, data: bytes) -> bool:
        """Create a file with its content, or return False: somebody else has. The folder is there."""
        draft = path.with_name(draft_name())
        try:
            self.write(draft, data)
            return self.claim(draft, path)
        finally:
            with suppress(OSError):  # gc takes what stays; the file itself is not in question
                self.disk.unlink(draft)

    def claim(self, draft: Path, path: Path) -> bool:
        """Name a written file; False where another has the name. The draft stays."""
        try:
            self.disk.link(draft, path)
        except FileExistsError:
            # NFS: the answer to a link that was made may get lost, and the repeated call then fails
            own, other = self.disk.entry(draft), self.disk.entry(path)
            if own is None or other is None or own.links < 2 or other.links < 2:
                return False
            if self.disk.read(draft) != self.disk.read(path):
                return False
        self.disk.sync_folder(path.parent)
        return True


def write_all(disk: Disk, file: int, data: bytes) -> None:
    """Write everything; a disk may take it in pieces."""
    rest = memoryview(data)
    while rest:
        rest = rest[disk.write(file, rest) :]


def draft_name() -> str:
    """A name that no other process uses."""
    return f"{LEFTOVER}{socket.gethostname()[:40]}-{os.getpid()}-{os.urandom(4).hex()}-{next(_numbers)}"
