"""Which files and streams `source=…` means, in one order that every process of an array finds."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from raasid.errors import DataError
from raasid.footage.formats.file_search import (walk)
from raasid.footage.media import VIDEO_SUFFIXES
from raasid.footage.quarantine import Quarantine

IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+]*://")
_LIST = ".txt"


class SourceMissing(DataError):
    """A source that is not there, or a list that cannot be read."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"source: {source!r}: {reason}")


@dataclass(frozen=True, slots=True)
class Source:
    """One file or stream."""

    place: str
    """Absolute path, or an address with its scheme."""
    name: str
    """How messages and records call it: relative to the folder that was asked for."""

    @property
    def path(self) -> Path:
        """Its file."""
        return Path(self.place)

    @property
    def is_stream(self) -> bool:
        """Whether it is an address: rtsp, http, file."""
        return _URL.match(self.place) is not None

    @property
    def is_image(self) -> bool:
        """Whether its name is one of a still picture."""
        return not self.is_stream and self.path.suffix.lower() in IMAGE_SUFFIXES


def sources_of(words: Iterable[str], left_out: Quarantine) -> list[Source]:
    """Expand files, folders, patterns, lists and addresses; sorted by place, each once.

    A word that starts with `@`, or ends in `.txt`, is a list: a word a line, relative to the list's folder,
    `#` starts a comment. Files in folders that are neither video nor picture are passed over; symbolic
    links that lead in circles, or nowhere, are named in `left_out`.
    Raises SourceMissing.
    """
    found: dict[str, Source] = {}
    for word in words:
        for source in _expand(word, Path(), left_out, inside=()):
            found.setdefault(source.place, source)
    return [found[place] for place in sorted(found)]


def _expand(word: str, base: Path, left_out: Quarantine, inside: tuple[Path, ...]) -> Iterator[Source]:
    if _URL.match(word):
        yield Source(word, word)
        return
    listed = word.startswith("@")
    path = base / Path(word.removeprefix("@")).expanduser()
    if path.is_dir():
        yield from _folder(path, left_out)
    elif listed or (path.is_file() and path.suffix.lower() == _LIST):
        yield from _list(path, left_out, inside)
    elif os.path.lexists(path):
        yield Source(_absolute(path), path.name)
    elif matches := sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - absolute patterns, too
        for match in matches:
            if Path(match).is_dir():
                continue  # `**` gives folders beside their files
            yield Source(_absolute(Path(match)), os.path.relpath(match, glob_root(str(path))))
    elif inside:  # one wrong line does not stop the other hours of video
        left_out.add(word, "missing: no such file or folder")
    else:
        raise SourceMissing(word, "no such file or folder; name a video, a folder, a pattern or a list")


def glob_root(pattern: str) -> str:
    """Return the part of a pattern before its first wildcard folder."""
    parts = Path(pattern).parts
    fixed = [part for i, part in enumerate(parts) if not any(glob.has_magic(p) for p in parts[: i + 1])]
    return str(Path(*fixed)) if fixed else "."


def _folder(folder: Path, left_out: Quarantine) -> Iterator[Source]:
    for loop, target in _circles(folder):
        left_out.add(os.path.relpath(loop, folder), f"symbolic link in a circle: it leads back to {target}")
    for path in walk(folder):
        name = os.path.relpath(path, folder)
        if path.is_symlink() and not path.exists():
            left_out.add(name, f"dead symbolic link: it leads to {path.readlink()}")
        elif path.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES:
            yield Source(_absolute(path), name)


def _circles(folder: Path) -> Iterator[tuple[str, str]]:
    """Links below a folder to one of the folders that they lie in."""
    for here, names, _ in os.walk(folder):
        for name in sorted(names):
            link = Path(here) / name
            if link.is_symlink():
                target, own = link.resolve(), Path(here).resolve()
                if own == target or target in own.parents:
                    yield str(link), os.path.relpath(target, folder.resolve())


def _list(path: Path, left_out: Quarantine, inside: tuple[Path, ...]) -> Iterator[Source]:
    if path.resolve() in inside:
        raise SourceMissing(str(path), "the list names itself; take that line out")
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceMissing(str(path), f"the list cannot be read: {error}") from error
    for line in lines:
        word = line.strip()
        if word and not word.startswith("#"):
            yield from _expand(word, path.parent, left_out, (*inside, path.resolve()))


def _absolute(path: Path) -> str:
    return os.path.normpath(path.absolute())
