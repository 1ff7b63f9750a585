"""Content-addressed files: every content is stored once, under its SHA-256, and never changes.

Only what a shared filesystem promises is used: `link` and `rename` within one filesystem, and no locks.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from raasid.errors import DataError, RaasidError
from raasid.io.atomic import StagedFolder, atomic_path, make_folder, sync_file, temporary_path
from raasid.io.file_digests import FileDigests, FileUnreadable

_CHUNK_BYTES = 1 << 20
_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
"""Errors of filesystems that have no hard links, or none between these two folders."""


class MediaUnreadable(DataError):
    """A file that was to be stored and cannot be read."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path}: cannot be stored: {error.strerror}; make it readable or take it out")


class StoreUnwritable(RaasidError):
    """The folder of a store in which nothing can be written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"{folder}: cannot be written: {error.strerror or error}; get write access, or name another store"
        )


class ObjectStore:
    """A folder of files by content; one that was damaged is replaced when its content is stored again.

    digests: tell damaged files.
    """

    def __init__(self, folder: Path, digests: FileDigests) -> None:
        self.folder, self.digests = folder, digests

    def path(self, digest: str) -> Path:
        """Return the path of the file with that content, whether it is stored or not."""
        return self.folder / digest[:2] / digest

    def is_intact(self, digest: str) -> bool:
        """Whether that content is stored: the file is there and has it."""
        try:
            return self.digests.get(self.path(digest)) == digest
        except FileUnreadable:
            return False

    def put(self, source: Path, *, link: bool = False) -> str:
        """Store a file's content; return its digest.

        link: make a hard link instead of a copy, for files that will not change. Raises MediaUnreadable,
        StoreUnwritable, DiskFull.
        """
        try:
            if not link:
                return self._copy(source)
            digest = hashlib.sha256()
            for chunk in _chunks(source):
                digest.update(chunk)
            if not self.is_intact(digest.hexdigest()):
                self._link(source, self.path(digest.hexdigest()))
        except OSError as error:
            raise StoreUnwritable(self.folder, error) from error
        return digest.hexdigest()

    def _copy(self, source: Path) -> str:
        """Copy and digest in one pass; the complete copy is renamed to its digest."""
        make_folder(self.folder)
        digest = hashlib.sha256()
        with temporary_path(self.folder, "object", _size(source)) as temporary:
            with temporary.open("wb") as writing:
                for chunk in _chunks(source):
                    digest.update(chunk)
                    writing.write(chunk)
            sync_file(temporary)
            final = self.path(digest.hexdigest())
            make_folder(final.parent)
            if not self.is_intact(final.name):
                temporary.chmod(0o444)
                temporary.replace(final)
        return digest.hexdigest()

    def _link(self, source: Path, final: Path) -> None:
        """Link, or replace a damaged file by a link that is made in a draft folder."""
        make_folder(final.parent)
        if not final.exists():
            link_or_copy(source, final)
            return
        with StagedFolder(self.folder, "object") as staged:
            link_or_copy(source, staged.path / final.name)
            (staged.path / final.name).replace(final)


def _size(source: Path) -> int:
    try:
        return source.stat().st_size
    except OSError as error:
        raise MediaUnreadable(source, error) from error


def _chunks(source: Path) -> Iterator[bytes]:
    """Read a file in pieces. Raises MediaUnreadable, never for what fails while a piece is written."""
    try:
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise MediaUnreadable(source, error) from error


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
