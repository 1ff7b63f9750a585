"""Files by content: every file is kept once, under its SHA-256, and never changes.

Only what a shared filesystem promises is used: `link` and `rename` within one filesystem, no lock.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from pathlib import Path

from raasid.errors import DataError

CHUNK = 1 << 20
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
"""How filesystems say that they cannot link here."""


class MediaUnreadable(DataError):
    """A file that was to be stored and cannot be read."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path}: cannot be stored: {error.strerror}; make it readable or take it out")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits; read in pieces, so that hours of video cost no memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


class ObjectStore:
    """The folder `objects` of a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the file of that content lies, or would lie."""
        return self.folder / digest[:2] / digest

    def put(self, source: Path, *, own: bool = False) -> str:
        """Keep a file's content; return its digest.

        own: the file belongs to the store's side and is never changed again, so it is linked, not copied.
        Raises MediaUnreadable.
        """
        try:
            if own:
                digest = sha256_of(source)
                if not self.path(digest).exists():
                    self.path(digest).parent.mkdir(parents=True, exist_ok=True)
                    link_or_copy(source, self.path(digest))
                return digest
            return self._copied(source)
        except OSError as error:
            raise MediaUnreadable(source, error) from error

    def _copied(self, source: Path) -> str:
        """Copy and digest in one pass; the copy gets its name when it is whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{secrets.token_hex(8)}"
        digest = hashlib.sha256()
        try:
            with source.open("rb") as given, draft.open("xb") as kept:
                while piece := given.read(CHUNK):
                    digest.update(piece)
                    kept.write(piece)
                kept.flush()
                os.fsync(kept.fileno())
            name = digest.hexdigest()
            final = self.path(name)
            final.parent.mkdir(parents=True, exist_ok=True)
            if not final.exists():
                draft.chmod(0o444)
                draft.rename(final)
            return name
        finally:
            draft.unlink(missing_ok=True)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; where the filesystem cannot, a copy that appears whole.

    A target that is there already is left: under a content's name lies that content.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
        try:
            with source.open("rb") as given, draft.open("xb") as kept:
                shutil.copyfileobj(given, kept, CHUNK)
                kept.flush()
                os.fsync(kept.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
