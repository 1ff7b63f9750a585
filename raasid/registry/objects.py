"""Content-addressed store of package files: each is written once and shared by all versions that hold it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from raasid.registry.errors import RegistryDamaged
from raasid.registry.filesystem import CREATE, AtomicWriter, draft_name, write_all

_CHUNK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class RegistryObjects:
    """Files by SHA-256: `objects/sha256/ab/<digest>`, and `objects/freed/<digest>` until gc deletes them."""

    def __init__(self, root: Path, writer: AtomicWriter) -> None:
        self.root, self._writer, self._fs = root, writer, writer.fs
        self.folder, self.freed = root / "objects" / "sha256", root / "objects" / "freed"

    def path(self, sha256: str) -> Path:
        """Return the path of an object. Raises RegistryDamaged if `sha256` is not a digest."""
        if _SHA256.fullmatch(sha256) is None:
            raise RegistryDamaged(self.folder, f"{sha256[:80]!r} is no sha256")
        return self.folder / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """Whether the object is stored and not freed; its content is not verified."""
        return self._fs.stat(self.path(sha256)) is not None

    def is_readable(self, sha256: str) -> bool:
        """Whether the object is stored, freed or not; its content is not verified."""
        return self.has(sha256) or self._fs.stat(self.freed / sha256) is not None

    def put(self, source: Path | bytes) -> tuple[str, int]:
        """Store a file or bytes; return digest and size. Existing content is not written again."""
        sha256, size = _digest_and_size(source)
        path = self.path(sha256)
        if self.restore(sha256):
            self._fs.touch(path)  # gc spares recently touched objects
            self._writer.sync_parent(path)
            return sha256, size
        self._writer.make_folders(path.parent, self.root)
        draft = path.with_name(draft_name())
        try:
            self._write_draft(source, draft, sha256)
            if not self._writer.publish(draft, path):
                self._writer.sync_parent(path)
        finally:
            with suppress(OSError):
                self._fs.unlink(draft)
        return sha256, size

    def restore(self, sha256: str) -> bool:
        """Move an object back if gc freed it; return whether it is stored."""
        if self.has(sha256):
            return True
        try:
            self._fs.rename(self.freed / sha256, self.path(sha256))
        except (FileNotFoundError, NotADirectoryError):
            return False
        self._fs.sync_folder(self.path(sha256).parent)
        return True

    def read(self, sha256: str) -> bytes:
        """Return verified content. Raises RegistryDamaged."""
        try:
            data = self._fs.read(self.path(sha256))
        except FileNotFoundError:
            try:
                data = self._fs.read(self.freed / sha256)  # gc is about to restore it
            except FileNotFoundError as error:
                raise RegistryDamaged(self.path(sha256), "is missing") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise RegistryDamaged(self.path(sha256), "was changed after it was written")
        return data

    def paths(self) -> Iterator[Path]:
        """Yield every file below `objects/sha256`, also those that are not objects."""
        for prefix in self._fs.list_folder(self.folder):
            for name in self._fs.list_folder(self.folder / prefix):
                yield self.folder / prefix / name

    def _write_draft(self, source: Path | bytes, draft: Path, expected: str) -> None:
        file = self._fs.open(draft, CREATE)
        try:
            hashed = hashlib.sha256()
            for chunk in _chunks(source):
                write_all(self._fs, file, chunk)
                hashed.update(chunk)
            self._fs.sync(file)
        finally:
            self._fs.close(file)
        if hashed.hexdigest() != expected:
            raise RegistryDamaged(str(source), "changed while it was being stored")


def _digest_and_size(source: Path | bytes) -> tuple[str, int]:
    hashed, size = hashlib.sha256(), 0
    for chunk in _chunks(source):
        hashed.update(chunk)
        size += len(chunk)
    return hashed.hexdigest(), size


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
