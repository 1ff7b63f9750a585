"""The files below a folder, in one order, through symbolic links but never round in circles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from raasid.errors import DataError


class FolderUnreadable(DataError):
    """A folder that is there but may not or cannot be listed."""

    def __init__(self, folder: str, error: OSError) -> None:
        super().__init__(
            f"{folder}: cannot be listed: {error.strerror}; grant access, or take it out of the data"
        )


def walk(folder: Path) -> Iterator[Path]:
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
