"""Content-addressed files: every content is stored once, under its SHA-256, and never changes.

Only what a shared filesystem promises is used: `link` and `rename` within one filesystem, and no locks.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path

from raasid.errors import DataError
from raasid.io.atomic import atomic_path, sync_file, temporary_path

_CHUNK_BYTES = 1 << 20
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
"""Errors of filesystems that have no hard links, or none between these two folders."""


class MediaUnreadable(DataError):
    """A file that was to be stored and cannot be read."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path}: cannot be stored: {error.strerror}; make it readable or take it out")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits; read in chunks, so that hours of video cost no memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class ObjectStore:
    """A folder of files by content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Return the path of the file with that content, whether it is stored or not."""
        return self.folder / digest[:2] / digest

    def put(self, source: Path, *, link: bool = False) -> str:
        """Store a file's content; return its digest.

        link: make a hard link instead of a copy, for files that will not change. Raises MediaUnreadable.
        """
        try:
            if not link:
                return self._copy(source)
            digest = sha256_of(source)
            if not self.path(digest).exists():
                self.path(digest).parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(source, self.path(digest))
        except OSError as error:
            raise MediaUnreadable(source, error) from error
        return digest

    def _copy(self, source: Path) -> str:
        """Copy and digest in one pass; the complete copy is renamed to its digest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with temporary_path(self.folder, "object") as temporary:
            with source.open("rb") as reading, temporary.open("xb") as writing:
                while chunk := reading.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    writing.write(chunk)
            sync_file(temporary)
            final = self.path(digest.hexdigest())
            final.parent.mkdir(parents=True, exist_ok=True)
            if not final.exists():
                temporary.chmod(0o444)
                temporary.rename(final)
        return digest.hexdigest()


def link_or_copy(source: Path, target: Path) -> None:
    """Make a hard link; where the filesystem cannot, an atomic copy. An existing target is left as it is."""
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)
