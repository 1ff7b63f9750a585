"""Atomic writes: files and folders that appear complete or not at all, even after a kill.

Everything is prepared under a hidden temporary name in the same folder and then renamed. The name holds
host and process, so that `remove_abandoned` can tell what a dead process left from work in progress.
"""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write or replace a file (text as UTF-8); after a kill or power cut it is the old one or the new one."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on success it is flushed to disk and renamed to `path`.

    Missing parent folders are created. On an exception the temporary file is removed and `path` untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_path(path.parent, path.name) as temporary:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)


@contextmanager
def temporary_path(folder: Path, stem: str) -> Iterator[Path]:
    """Yield an unused hidden path in `folder`; a file that is left there at the end is removed."""
    temporary = folder / _temporary_name(stem)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


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
        self.path = make_staging_folder(parent, stem)

    def publish(self, final: Path) -> bool:
        """Rename the folder to `final`; False, and removed, if another process has published it before."""
        try:
            self.path.rename(final)
        except OSError:
            if not final.exists():
                raise
            self.remove()
            return False
        return True

    def remove(self) -> None:
        """Delete the folder with its content if it has not been published."""
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> StagedFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def make_staging_folder(parent: Path, stem: str = "draft") -> Path:
    """Create an empty hidden folder below `parent` that `remove_abandoned` attributes to this process."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / _temporary_name(stem)
    folder.mkdir()
    return folder


def remove_abandoned(folder: Path, stem: str = "draft") -> None:
    """Remove temporary files and folders of that stem whose process, on this host, is dead."""
    for path in folder.glob(f"{glob.escape(_prefix(stem))}*"):
        process = path.name.split(".")[-2]
        if not process.isdigit() or _is_alive(int(process)):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _temporary_name(stem: str) -> str:
    return f"{_prefix(stem)}{os.getpid()}.{secrets.token_hex(4)}"


def _prefix(stem: str) -> str:
    # A file name has at most 255 bytes, four for each character at worst.
    return f".{stem[:40]}.{socket.gethostname()[:48]}."


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
