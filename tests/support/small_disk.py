"""A disk that is really full: a small tmpfs or, where a test may not mount, a limit on the size of files."""

from __future__ import annotations

import errno
import fnmatch
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LARGE = 1 << 30
_LEAST = 1 << 14
"""pytest's own files, too, must stay below a limit on the size of files."""


class SmallDisk:
    """A folder on a disk of its own, with room until `leave`."""

    def __init__(self, folder: Path) -> None:
        self._root, self.folder = folder, folder / "data"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_LARGE}", "small", str(folder)]
        try:
            done = subprocess.run(mount, capture_output=True, check=False)
            self.is_mounted = done.returncode == 0
        except FileNotFoundError:
            self.is_mounted = False
        self.folder.mkdir()
        (folder / "used").write_bytes(b"a block, since a tmpfs of no size would be one without a limit")
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    @property
    def refusal(self) -> str:
        """What the system says when there is no room."""
        return os.strerror(errno.ENOSPC if self.is_mounted else errno.EFBIG)

    def leave(self, free: int) -> None:
        """Leave room for so many bytes, in blocks of 4 KiB; without a tmpfs, in each file."""
        if self.is_mounted:
            room = os.statvfs(self._root)
            self._resize((room.f_blocks - room.f_bfree) * room.f_frsize + free)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(free, _LEAST), self._limits[1]))

    def make_room(self) -> None:
        """Let the disk have room again."""
        if self.is_mounted:
            self._resize(_LARGE)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)

    def close(self) -> None:
        """Give the disk back, with all that is on it."""
        self.make_room()
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self._root)], check=True)

    def _resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self._root)], check=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Make a disk at `folder`, which must not exist."""
    disk = SmallDisk(folder)
    try:
        yield disk
    finally:
        disk.close()


class FullBefore:
    """Makes a disk full right before a change to a matching path, as a context manager; `happened` tells.

    A change is to open a file for writing, or to give a file or folder its name by a rename or a link.
    disk: None: only this change is refused. count: the number of the change among those that match.
    """

    _hooked: FullBefore | None = None
    """An audit hook cannot be removed: there is one, which asks this."""
    _installed = False

    def __init__(self, disk: SmallDisk | None, pattern: str, count: int = 1) -> None:
        self._disk, self._pattern, self._left = disk, pattern, count
        self.happened = False

    def __enter__(self) -> FullBefore:
        if not FullBefore._installed:
            sys.addaudithook(_watch)
            FullBefore._installed = True
        FullBefore._hooked = self
        return self

    def __exit__(self, *_: object) -> None:
        FullBefore._hooked = None

    def see(self, path: str) -> None:
        """Count a change."""
        if fnmatch.fnmatch(path, self._pattern):
            self._left -= 1
            if self._left == 0:
                FullBefore._hooked = None  # what follows is no change of the command
                self.happened = True
                if self._disk is None:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
                self._disk.leave(0)


def _watch(event: str, given: tuple[object, ...]) -> None:
    hooked = FullBefore._hooked
    if hooked is None:
        return
    if event == "open" and (given[1][0] in "wxa" if isinstance(given[1], str) else _creates(given[2])):
        path = given[0]
    elif event in ("os.rename", "os.link"):
        path = given[1]
    else:
        return
    if isinstance(path, str | os.PathLike):
        hooked.see(os.fspath(path))


def _creates(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & os.O_CREAT)
