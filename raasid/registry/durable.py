"""Files that are there whole or not at all, and stay: on any filesystem that keeps `Disk`'s promises."""

from __future__ import annotations

import itertools
import os
import socket
from contextlib import suppress
from pathlib import Path

from raasid.registry.disk import CREATE, Disk

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
