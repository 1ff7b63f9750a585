"""Files and folders in the making: hidden, of random names, and protected while their process lives.

The process that fills a draft holds a lock on it (flock), which the kernel releases when that process dies.
`remove_abandoned` asks for that lock, and so needs no process ids or host names, which two containers may
share.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from raasid.io.lease import filesystem_time, lock_domain

_NAME = re.compile(r"\..+\.([0-9a-f]{8})-[0-9a-f]{16}\.draft", re.DOTALL)
_MAX_IDLE_S = 24 * 3600.0
"""After so long without a write, a draft whose lock says nothing is abandoned."""


class Draft:
    """A new, empty file or folder below `parent`, which exists; locked until `close`, `remove` or death.

    Its content must be written into it, not moved over it. Forked children keep the lock while they live.
    A draft within a draft is protected by the outer one and has no lock of its own.
    """

    def __init__(self, parent: Path, stem: str, *, folder: bool = False) -> None:
        mark = _lock_mark(parent)
        nested = any(_NAME.fullmatch(part) for part in parent.parts)
        while True:
            # a file name has at most 255 bytes, four for each character at worst
            self.path = parent / f".{stem[:40]}.{mark}-{secrets.token_hex(8)}.draft"
            self._descriptor = _create(self.path, folder)
            if nested:
                self.close()
            if nested or (_lock(self._descriptor) is not False and self.path.exists()):
                return
            self.close()  # `remove_abandoned` elsewhere came between creation and lock: once more

    def close(self) -> None:
        """Give up the lock; if the draft was not renamed, it is abandoned."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def remove(self) -> None:
        """Delete the draft if it was not renamed, and give up the lock."""
        _remove(self.path)
        self.close()

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def remove_abandoned(folder: Path) -> None:
    """Remove the drafts in a folder that nobody fills any more.

    Where owner and observer share locks (one mount of one kernel, containers included), a draft is abandoned
    when its lock is free: at once after a kill. Elsewhere, and where the filesystem has no locks, it is
    abandoned when nothing in it was written for a day, by the clock of the filesystem.
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
    except (FileNotFoundError, NotADirectoryError):
        return
    for match in filter(None, map(_NAME.fullmatch, names)):
        with suppress(OSError):  # another process was faster, or it is another user's
            _remove_if_abandoned(folder / match[0], match[1])


def _remove_if_abandoned(path: Path, mark: str) -> None:
    descriptor = _open(path, path.is_dir())
    try:
        is_free = _lock(descriptor)  # kept while the draft is deleted
        if is_free is False:
            return
        says_all = is_free is True and mark == _lock_mark(path.parent)
        if says_all or filesystem_time(path.parent) - _last_written(path) > _MAX_IDLE_S:
            _remove(path)
    finally:
        os.close(descriptor)


def _create(path: Path, folder: bool) -> int:
    if not folder:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    path.mkdir()
    try:
        return _open(path, folder)
    except FileNotFoundError:  # see Draft
        return -1


def _open(path: Path, folder: bool) -> int:
    """Open as the owner does: filesystems that lock files only for writing then treat both alike."""
    return os.open(path, (os.O_RDONLY | os.O_DIRECTORY) if folder else (os.O_RDWR | os.O_NOFOLLOW))


def _lock(descriptor: int) -> bool | None:
    """Lock until the descriptor is closed; False: another process holds the lock, None: no locks here."""
    if descriptor < 0:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def _lock_mark(folder: Path) -> str:
    domain = lock_domain(folder)
    return secrets.token_hex(4) if domain is None else hashlib.sha256(domain.encode()).hexdigest()[:8]


def _last_written(path: Path) -> float:
    return max(entry.lstat().st_mtime for entry in (path, *path.rglob("*")))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
