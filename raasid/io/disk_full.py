"""A full disk as a message that names the folder, the space needed and what to do, instead of a traceback.

A quota and a limit on the size of files are full disks too: the write is refused, and the data are fine.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raasid.errors import RaasidError

_ELSEWHERE = "use another disk (for a run: paths.root=FOLDER)"
_REMEDIES = {
    errno.ENOSPC: f"make room there, or {_ELSEWHERE}",
    errno.EDQUOT: f"make room there, have the quota raised, or {_ELSEWHERE}",
    errno.EFBIG: "have the limit on the size of files raised (ulimit -f)",
}


class DiskFull(RaasidError):
    """A write that was refused for lack of room; whatever was complete before still is."""

    def __init__(self, folder: Path, refusal: OSError, name: str | None = None, needed: int = 0) -> None:
        remedy = _REMEDIES[refusal.errno or errno.ENOSPC]
        super().__init__(f"{describe(folder, refusal, name, needed)}; {remedy}, and repeat the command")


def describe(folder: Path, refusal: OSError, name: str | None = None, needed: int = 0) -> str:
    """Say what had no room where.

    folder: named, unless the refused call itself names a file. needed: bytes, at least; 0: unknown.
    """
    from raasid.console.tables import format_bytes

    target = refusal.filename2 or refusal.filename  # a copy names its source first
    if isinstance(target, str | os.PathLike):
        folder = Path(target).absolute().parent
    for path in (folder, *folder.parents):
        if path.name.startswith(".") and path.suffix == ".draft":  # it is gone when somebody reads this
            folder = path.parent
    what = name or ("what is written" if needed else "what is written there, or printed,")
    size = f"at least {format_bytes(needed)}" if needed else "more"
    return f"{folder}: {os.strerror(refusal.errno or 0)}: {what} needs {size}, {_free(folder)} free"


def find_refusal(error: BaseException) -> OSError | None:
    """Return the refused write behind an error; libraries wrap it, or fail again while they handle it."""
    seen: set[int] = set()
    behind: BaseException | None = error
    while behind is not None and id(behind) not in seen:
        if isinstance(behind, OSError) and behind.errno in _REMEDIES:
            return behind
        seen.add(id(behind))
        behind = behind.__cause__ or behind.__context__
    return None


@contextmanager
def naming_full_disk(folder: Path, name: str | None = None, needed: int = 0) -> Iterator[None]:
    """Raise DiskFull where the block fails for lack of room; other errors pass. See `describe`."""
    try:
        yield
    except Exception as error:
        raise_if_full(error, folder, name, needed)
        raise


def raise_if_full(error: Exception, folder: Path, name: str | None = None, needed: int = 0) -> None:
    """Raise DiskFull if an error without a message for the user came from a lack of room."""
    refusal = None if isinstance(error, RaasidError) else find_refusal(error)
    if refusal is not None:
        raise DiskFull(folder, refusal, name, needed) from error


def _free(folder: Path) -> str:
    """Say what room is in a folder, or in the nearest one above it that exists."""
    from raasid.console.tables import format_bytes

    there = next((path for path in (folder, *folder.parents) if path.is_dir()), Path())
    room = os.statvfs(there)
    if room.f_files and not room.f_favail:
        return "no inodes are"
    return f"{format_bytes(room.f_bavail * room.f_frsize)} are"
