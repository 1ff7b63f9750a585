"""Disks that fail, kill, or forget: every call of the registry goes through one."""

from __future__ import annotations

import errno
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raasid.registry.filesystem import FileSystem, FileInfo

CALLS = (
    "open", "write", "sync", "close", "sync_folder", "make_folder", "link", "rename", "unlink", "touch",
    "read", "list_folder", "stat",
)  # fmt: skip
WRITING = ("open", "write", "sync", "sync_folder", "make_folder", "link", "rename", "unlink", "touch")


class WatchedDisk(FileSystem):
    """A real disk; `before` is told of every call, with its number from 1."""

    def __init__(self, before: Callable[[int, str], None]) -> None:
        self.calls, self.before = 0, before

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in CALLS:
            return found

        def watched(*args: Any) -> Any:
            self.calls += 1
            self.before(self.calls, name)
            return found(*args)

        return watched


def counted() -> WatchedDisk:
    return WatchedDisk(lambda number, name: None)


def failing(at: int, code: int, *, for_good: bool = False) -> WatchedDisk:
    """One that refuses call `at` with an error; or this and every writing call behind it."""

    def before(number: int, name: str) -> None:
        if number == at or (for_good and number > at and name in WRITING):
            raise OSError(code, os.strerror(code), name)

    return WatchedDisk(before)


def killing(at: int) -> WatchedDisk:
    """One in whose call `at` the process dies, as by power or the scheduler's axe."""

    def before(number: int, name: str) -> None:
        if number == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return WatchedDisk(before)


class PowerCut(Exception):
    """The machine is off."""


class _File:
    def __init__(self) -> None:
        self.data, self.synced, self.links, self.touched = b"", b"", 1, 0.0


class ForgetfulDisk(FileSystem):
    """A disk in memory that keeps what was synced, and of the rest what it likes.

    Content is kept by `sync`; a name by `sync_folder` of its folder. `after_power_cut` gives a disk on which
    every unsynced write is there in part, and every unsynced name there or not, as chance has it.
    """

    def __init__(self, cut_at: int = 0) -> None:
        self.now: dict[Path, dict[str, _File | None]] = {Path("/"): {}}
        """Folder -> name -> file, or None for a folder."""
        self.kept: dict[Path, dict[str, _File | None]] = {Path("/"): {}}
        self.open_files: dict[int, _File] = {}
        self.calls, self.cut_at = 0, cut_at

    def after_power_cut(self, seed: int) -> ForgetfulDisk:
        chance = random.Random(seed)
        other = ForgetfulDisk()
        other.now = {folder: self._names_left(folder, chance) for folder in self.now}
        copies: dict[int, _File] = {}
        for names in other.now.values():
            for name, file in names.items():
                if file is not None:
                    names[name] = copies.setdefault(id(file), _survivor(file, chance))
        found = {Path("/")}
        for folder in sorted(other.now):  # a folder whose name is gone is gone with all that it held
            if folder.parent in found and folder.name in other.now[folder.parent]:
                found.add(folder)
        other.now = {folder: names for folder, names in other.now.items() if folder in found}
        other.kept = {folder: dict(names) for folder, names in other.now.items()}
        return other

    def _names_left(self, folder: Path, chance: random.Random) -> dict[str, _File | None]:
        now, kept = self.now[folder], dict(self.kept.get(folder, {}))
        for name in sorted(now.keys() | kept.keys()):
            same = name in now and name in kept and now[name] is kept[name]
            if not same and chance.random() < 0.5:
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
        taken = bytes(data[: max(1, len(data) // 2)])  # in pieces, as a disk may
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


def _survivor(file: _File, chance: random.Random) -> _File:
    left = _File()
    unsynced = file.data[len(file.synced) :] if file.data.startswith(file.synced) else b""
    left.data = file.synced + unsynced[: chance.randint(0, len(unsynced))]
    left.synced, left.links = left.data, 1
    return left
