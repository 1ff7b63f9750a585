"""Filesystems that fail, kill the process, or lose unsynced data, for every call of the registry."""

from __future__ import annotations

import errno
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from soak import SOAK

from raasid.registry.filesystem import FileInfo, FileSystem

CALLS = (
    "open", "write", "sync", "close", "sync_folder", "make_folder", "link", "rename", "unlink", "touch",
    "read", "list_folder", "stat",
)  # fmt: skip
CHANGING = ("open", "write", "make_folder", "link", "rename", "unlink", "touch")
"""Calls after which another process finds something else than before."""
WRITING = (*CHANGING, "sync", "sync_folder")


class WatchedFileSystem(FileSystem):
    """The real filesystem; `before` receives the number, from 1, and the name of every call."""

    def __init__(self, before: Callable[[int, str], None]) -> None:
        self.calls, self.before = 0, before
        self.changes: list[int] = []

    @property
    def kill_points(self) -> list[int]:
        """Return the calls to kill the process in: one for each state of the files; in a soak, all calls."""
        return list(range(1, self.calls + 1)) if SOAK else sorted({*self.changes, self.calls})

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in CALLS:
            return found

        def watched(*args: Any) -> Any:
            self.calls += 1
            if name in CHANGING:
                self.changes.append(self.calls)
            self.before(self.calls, name)
            return found(*args)

        return watched


def counted() -> WatchedFileSystem:
    return WatchedFileSystem(lambda number, name: None)


def failing(at: int, code: int, *, permanent: bool = False) -> WatchedFileSystem:
    """Fail call `at` with an error; permanent: this call and every later write."""

    def before(number: int, name: str) -> None:
        if number == at or (permanent and number > at and name in WRITING):
            raise OSError(code, os.strerror(code), name)

    return WatchedFileSystem(before)


def killing(at: int) -> WatchedFileSystem:
    """Kill the process in call `at`."""

    def before(number: int, name: str) -> None:
        if number == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return WatchedFileSystem(before)


class PowerCut(Exception):
    """The simulated machine lost power."""


class _File:
    def __init__(self) -> None:
        self.data, self.synced, self.links, self.touched = b"", b"", 1, 0.0


class ForgetfulFileSystem(FileSystem):
    """A filesystem in memory that is only sure to keep what was synced.

    Content is kept by `sync`, a name by `sync_folder` of its folder. `after_power_cut` returns a filesystem
    that holds a random part of every unsynced write, and a random choice of unsynced names.
    """

    def __init__(self, cut_at: int = 0) -> None:
        self.now: dict[Path, dict[str, _File | None]] = {Path("/"): {}}
        """Folder -> name -> file, or None for a folder."""
        self.kept: dict[Path, dict[str, _File | None]] = {Path("/"): {}}
        self.open_files: dict[int, _File] = {}
        self.calls, self.cut_at = 0, cut_at

    def after_power_cut(self, seed: int) -> ForgetfulFileSystem:
        rng = random.Random(seed)
        other = ForgetfulFileSystem()
        other.now = {folder: self._names_left(folder, rng) for folder in self.now}
        copies: dict[int, _File] = {}
        for names in other.now.values():
            for name, file in names.items():
                if file is not None:
                    names[name] = copies.setdefault(id(file), _survivor(file, rng))
        found = {Path("/")}
        for folder in sorted(other.now):  # a folder without a name is lost with its content
            if folder.parent in found and folder.name in other.now[folder.parent]:
                found.add(folder)
        other.now = {folder: names for folder, names in other.now.items() if folder in found}
        other.kept = {folder: dict(names) for folder, names in other.now.items()}
        return other

    def _names_left(self, folder: Path, rng: random.Random) -> dict[str, _File | None]:
        now, kept = self.now[folder], dict(self.kept.get(folder, {}))
        for name in sorted(now.keys() | kept.keys()):
            same = name in now and name in kept and now[name] is kept[name]
            if not same and rng.random() < 0.5:
                if name in now:
                    kept[name] = now[name]
                else:
                    kept.pop(name)
        return kept

    def _call(self) -> None:
        self.calls += 1
        if self.calls == self.cut_at:
            raise PowerCut

    def _folder(self, path: Path) -> dict[str, _File | None]:
        if path not in self.now:
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(path))
        return self.now[path]

    def _file(self, path: Path) -> _File:
        file = self._folder(path.parent).get(path.name)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return file

    def open(self, path: Path, flags: int) -> int:
        self._call()
        if path.name in self._folder(path.parent):
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        file = self.now[path.parent][path.name] = _File()
        number = 1000 + self.calls
        self.open_files[number] = file
        return number

    def write(self, file: int, data: bytes | memoryview) -> int:
        self._call()
        taken = bytes(data[: max(1, len(data) // 2)])  # in pieces, as a filesystem may
        self.open_files[file].data += taken
        return len(taken)

    def sync(self, file: int) -> None:
        self._call()
        self.open_files[file].synced = self.open_files[file].data

    def close(self, file: int) -> None:
        self.open_files.pop(file, None)

    def sync_folder(self, path: Path) -> None:
        self._call()
        self.kept[path] = dict(self._folder(path))

    def make_folder(self, path: Path) -> None:
        self._call()
        if path.name in self._folder(path.parent):
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        self.now[path.parent][path.name] = None
        self.now[path], self.kept[path] = {}, {}

    def link(self, source: Path, target: Path) -> None:
        self._call()
        file = self._file(source)
        if target.name in self._folder(target.parent):
            raise FileExistsError(errno.EEXIST, "exists", str(target))
        self.now[target.parent][target.name] = file
        file.links += 1

    def rename(self, source: Path, target: Path) -> None:
        self._call()
        self._folder(target.parent)[target.name] = self._file(source)
        del self.now[source.parent][source.name]

    def unlink(self, path: Path) -> None:
        self._call()
        self._file(path).links -= 1
        del self.now[path.parent][path.name]

    def touch(self, path: Path) -> None:
        self._call()
        self._file(path)

    def read(self, path: Path) -> bytes:
        self._call()
        return self._file(path).data

    def list_folder(self, folder: Path) -> list[str]:
        self._call()
        return sorted(self.now.get(folder, {}))

    def stat(self, path: Path) -> FileInfo | None:
        self._call()
        if path in self.now:
            return FileInfo(0, 0.0, 2, True)
        file = self.now.get(path.parent, {}).get(path.name)
        return None if file is None else FileInfo(len(file.data), file.touched, file.links, False)


def _survivor(file: _File, rng: random.Random) -> _File:
    left = _File()
    unsynced = file.data[len(file.synced) :] if file.data.startswith(file.synced) else b""
    left.data = file.synced + unsynced[: rng.randint(0, len(unsynced))]
    left.synced, left.links = left.data, 1
    return left
