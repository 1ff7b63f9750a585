"""Finds files below a folder: in one order, through symbolic links, and whatever the case of their names."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from raasid.errors import DataError


def first_file(candidates: Iterable[Path]) -> Path | None:
    """Return the first path that is a file, or None."""
    # Unlike Path.is_file, os.path.isfile is False for names that no file system has.
    return next((path for path in candidates if os.path.isfile(path)), None)  # noqa: PTH113


class CaseInsensitiveNames:
    """Looks up files and folders ignoring case; every folder is listed once."""

    def __init__(self) -> None:
        self._listed: dict[Path, dict[str, Path]] = {}

    def folder(self, wanted: Path) -> Path | None:
        """Return the folder of that name, ignoring its case but not that of its parent; or None."""
        return self._names(wanted.parent).get(f"{wanted.name.casefold()}/")

    def file(self, wanted: Path, suffixes: Collection[str]) -> Path | None:
        """Return the file of that name with one of the suffixes (`.mp4`), ignoring case; or None."""
        names = self._names(wanted.parent)
        candidates = (f"{wanted.name}{suffix}".casefold() for suffix in sorted(suffixes))
        return next((names[name] for name in candidates if name in names), None)

    def _names(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listed:
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except (OSError, ValueError):  # missing, no folder, or a name that no folder can have
                listed = []
            self._listed[folder] = {
                entry.name.casefold() + ("/" if entry.is_dir() else ""): Path(entry.path) for entry in listed
            }
        return self._listed[folder]


class FolderUnreadable(DataError):
    """A folder that exists but cannot be listed."""

    def __init__(self, folder: str, error: OSError) -> None:
        super().__init__(
            f"{folder}: cannot be listed: {error.strerror}; grant access, or take it out of the data"
        )


def walk_files(folder: Path) -> Iterator[Path]:
    """Yield every file below `folder`, sorted by name folder by folder; hidden names are skipped.

    Links to folders are followed, but no folder is visited twice.
    Raises FolderUnreadable: silently reading half of a data set would be worse.
    """
    yield from _walk(str(folder), set())


def _walk(folder: str, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        status = os.stat(folder)  # noqa: PTH116 - a Path per entry costs more than the scan
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise FolderUnreadable(folder, error) from error
    for entry in listed:
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            yield from _walk(entry.path, seen)
        else:
            yield Path(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself: yielded as a file, and reading it reports the error
        return False
