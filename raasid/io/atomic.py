"""Atomic writes: files and folders that appear complete or not at all, even after a kill.

Everything is prepared in a draft (`raasid.io.drafts`) in the same folder and then renamed. On a full disk
each function here raises DiskFull, and leaves what was there before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from raasid.io.disk_full import naming_full_disk, raise_if_full
from raasid.io.drafts import Draft


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write or replace a file (text as UTF-8); after a kill or power cut it is the old one or the new one."""
    content = data.encode() if isinstance(data, str) else data
    with atomic_path(path, len(content)) as temporary:
        temporary.write_bytes(content)


def write_synced(path: Path, data: bytes | str) -> None:
    """Write a file of a staged folder, and flush it to the disk."""
    content = data.encode() if isinstance(data, str) else data
    with naming_full_disk(path.parent, path.name, len(content)):
        path.write_bytes(content)
        sync_file(path)


def append(path: Path, text: str) -> None:
    """Append to a file (as UTF-8); where there is no room for all of it, it is as it was, or absent."""
    content, existed = text.encode(), path.exists()
    with naming_full_disk(path.parent, path.name, len(content)), path.open("ab", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            file.truncate(end)
            if not existed:
                path.unlink(missing_ok=True)
            raise


@contextmanager
def atomic_path(path: Path, size: int = 0) -> Iterator[Path]:
    """Yield a temporary path to write to; on success it is flushed to disk and renamed to `path`.

    Missing parent folders are created. On an exception the temporary file is removed and `path` untouched.
    size: bytes that will be written, at least, for the message about a full disk.
    """
    make_folder(path.parent)
    with temporary_path(path.parent, path.name, size) as temporary:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)


@contextmanager
def temporary_path(folder: Path, stem: str, size: int = 0) -> Iterator[Path]:
    """Yield a new, empty hidden file in `folder`; what is left of it at the end is removed."""
    with naming_full_disk(folder, stem, size):
        draft = Draft(folder, stem)
    try:
        yield draft.path
    except Exception as error:
        size = max(size, draft.path.stat().st_size if draft.path.exists() else 0)
        draft.remove()  # the message then says what room there really is
        raise_if_full(error, folder, stem, size)
        raise
    finally:
        draft.remove()


def make_folder(path: Path) -> None:
    """Create a folder with its parents, unless it exists."""
    with naming_full_disk(path):
        path.mkdir(parents=True, exist_ok=True)


def sync_file(path: Path) -> None:
    """Return when the content of a file is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class StagedFolder:
    """A hidden folder `path` below `parent` that is filled first and published when it is complete.

    As a context manager it removes the folder at the end, unless it was published.
    """

    def __init__(self, parent: Path, stem: str = "draft") -> None:
        make_folder(parent)
        with naming_full_disk(parent):
            self._draft = Draft(parent, stem, folder=True)
        self.path = self._draft.path

    def publish(self, final: Path) -> bool:
        """Rename the folder to `final`; False, and removed, if another process has published it before."""
        try:
            self.path.rename(final)
        except OSError as error:
            if not final.exists():
                raise_if_full(error, final.parent, final.name)
                raise
            self.remove()
            return False
        self._draft.close()
        return True

    def remove(self) -> None:
        """Delete the folder with its content if it has not been published."""
        self._draft.remove()

    def __enter__(self) -> StagedFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()
