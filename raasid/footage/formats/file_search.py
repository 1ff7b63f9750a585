"""File search."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from raasid.errors import DataError


def first_file(candidates: Iterable[Path]) -> Path | None:
    """Return the first of the paths that is a file; None when there is none."""
    # unlike Path.is_file, os.path's is False for names that no file system takes
    return next((path for path in candidates if os.path.isfile(path)), None)  # noqa: PTH113


class CaseInsensitiveNames:
    """Looks names up whatever their case; every folder is listed once."""

    def __init__(self) -> None:
        self._listed: dict[Path, dict[str, Path]] = {}

    def folder(self, wanted: Path) -> Path | None:
        """Return the folder that is called so, up to upper and lower case; its parent is taken as it is."""
        return self._names(wanted.parent).get(f"{wanted.name.casefold()}/")

    def file(self, wanted: Path, suffixes: Collection[str]) -> Path | None:
        """Return the file that is called so and has one of the suffixes (`.mp4`), up to the case."""
        names = self._names(wanted.parent)
        spelt = (f"{wanted.name}{suffix}".casefold() for suffix in sorted(suffixes))
        return next((names[name] for name in spelt if name in names), None)

    def _names(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listed:
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except (OSError, ValueError):  # not there, no folder, or no name that a folder can have
                listed = []
            self._listed[folder] = {
                entry.name.casefold() + ("/" if entry.is_dir() else ""): Path(entry.path) for entry in listed
            }
        return self._listed[folder]


class FolderUnreadable(DataError):
    """A folder that is there but may not or cannot be listed."""

    def __init__(self, folder: str, error: OSError) -> None:
        super().__init__(
            f"{folder}: cannot be listed: {error.strerror}; grant access, or take it out of the data"
        )


def walk_files(folder: Path) -> Iterator[Path]:
    """Yield every file below `folder`, sorted by name folder by folder; hidden names are skipped.

    A link to a folder is followed once; one that leads back into a folder already seen is not.
    Raises FolderUnreadable: half a data set without a word would be worse.
    """
    yield from _walk(str(folder), set())


def _walk(folder: str, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        status = os.stat(folder)  # noqa: PTH116 - text throughout: a Path per entry costs more than the scan
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
    except OSError:  # a link to itself: it is listed as a file, and reading it says what is wrong
        return False
