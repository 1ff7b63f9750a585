"""Content by its sha256: written once, shared by all versions that hold it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from raasid.registry.errors import RegistryDamaged
from raasid.registry.filesystem import CREATE, Durable, draft_name, write_all

CHUNK = 1 << 20
_HEX = re.compile(r"[0-9a-f]{64}")


class Objects:
    """`objects/sha256/ab/<digest>`, and `objects/freed/<digest>` for what gc is about to forget."""

    def __init__(self, root: Path, durable: Durable) -> None:
        self.root, self._durable, self._disk = root, durable, durable.disk
        self.folder, self.freed = root / "objects" / "sha256", root / "objects" / "freed"

    def path(self, name: str) -> Path:
        """Where an object lies. Raises RegistryDamaged for what is no digest."""
        if _HEX.fullmatch(name) is None:
            raise RegistryDamaged(self.folder, f"{name[:80]!r} is no sha256")
        return self.folder / name[:2] / name

    def has(self, name: str) -> bool:
        """Whether it is there; not whether it is intact."""
        return self._disk.entry(self.path(name)) is not None

    def is_kept(self, name: str) -> bool:
        """Whether it can be read, gc's hands or not; not whether it is intact."""
        return self.has(name) or self._disk.entry(self.freed / name) is not None

    def put(self, source: Path | bytes) -> tuple[str, int]:
        """Keep a file or bytes; return digest and size. What is there already is not written again."""
        name, size = _digest_of(source)
        path = self.path(name)
        if self.restore(name):
            self._disk.touch(path)  # gc lets young ones live, and this one is wanted again
            self._durable.keep_name(path)
            return name, size
        self._durable.folder(path.parent, self.root)
        draft = path.with_name(draft_name())
        try:
            self._copy(source, draft, name)
            if not self._durable.claim(draft, path):
                self._durable.keep_name(path)
        finally:
            with suppress(OSError):
                self._disk.unlink(draft)
        return name, size

    def restore(self, name: str) -> bool:
        """Whether an object is there, taken back from gc's hands where it must be."""
        if self.has(name):
            return True
        try:
            self._disk.rename(self.freed / name, self.path(name))
        except (FileNotFoundError, NotADirectoryError):
            return False
        self._disk.sync_folder(self.path(name).parent)
        return True

    def read(self, name: str) -> bytes:
        """Content, verified. Raises RegistryDamaged."""
        try:
            data = self._disk.read(self.path(name))
        except FileNotFoundError:
            try:
                data = self._disk.read(self.freed / name)  # gc is about to find that it is needed
            except FileNotFoundError as error:
                raise RegistryDamaged(self.path(name), "is missing") from error
        if hashlib.sha256(data).hexdigest() != name:
            raise RegistryDamaged(self.path(name), "was changed after it was written")
        return data

    def all(self) -> Iterator[Path]:
        """Every file below `objects/sha256`, whatever it is."""
        for prefix in self._disk.names(self.folder):
            for name in self._disk.names(self.folder / prefix):
                yield self.folder / prefix / name

    def _copy(self, source: Path | bytes, draft: Path, expected: str) -> None:
        file = self._disk.open(draft, CREATE)
        try:
            hashed = hashlib.sha256()
            for part in _parts(source):
                write_all(self._disk, file, part)
                hashed.update(part)
            self._disk.sync(file)
        finally:
            self._disk.close(file)
        if hashed.hexdigest() != expected:
            raise RegistryDamaged(str(source), "changed while it was being stored")


def _digest_of(source: Path | bytes) -> tuple[str, int]:
    hashed, size = hashlib.sha256(), 0
    for part in _parts(source):
        hashed.update(part)
        size += len(part)
    return hashed.hexdigest(), size


def _parts(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while part := file.read(CHUNK):
            yield part
