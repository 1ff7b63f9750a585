"""Sources of footage: the files and streams that `source=…` means, in an order that all processes share."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from raasid.collect.options import ORIGIN_FIELDS, CollectOptions
from raasid.errors import DataError
from raasid.escaping import printable
from raasid.footage.formats.file_search import walk_files
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Provenance
from raasid.io.video_reader import VIDEO_SUFFIXES

IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+]*://")
_LIST = ".txt"


class SourceMissing(DataError):
    """A source that does not exist, or a list that cannot be read."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"source: {source!r}: {reason}")


@dataclass(frozen=True, slots=True)
class Source:
    """One file or stream."""

    location: str
    """Absolute path, or a URL."""
    name: str
    """Name in messages and records, printable: relative to the folder that was searched."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))

    @property
    def path(self) -> Path:
        """Its file."""
        return Path(self.location)

    @property
    def is_stream(self) -> bool:
        """Whether it is a URL: rtsp, http, file."""
        return _URL.match(self.location) is not None

    @property
    def is_image(self) -> bool:
        """Whether its suffix is one of a still image."""
        return not self.is_stream and self.path.suffix.lower() in IMAGE_SUFFIXES

    def provenance(self, options: CollectOptions, annotator: str) -> Provenance:
        """Return where the footage comes from: as configured, else as its path says.

        Without a match in either, the match is the file's stem.
        """
        path = self.location if self.is_stream else PurePath(self.location).as_posix()
        found = re.search(options.path_pattern, path) if options.path_pattern else None
        in_path = {} if found is None else found.groupdict()
        known = {name: getattr(options, name) or in_path.get(name) or None for name in ORIGIN_FIELDS}
        return Provenance(
            source=f"collect:{PurePath(self.name).name}",
            license=options.license,
            annotator=annotator,
            reviewed=False,
            match=known["match"] or PurePath(self.name).stem,
            season=known["season"],
            competition=known["competition"],
            camera=known["camera"],
        )


def select_shard(sources: Sequence[Source], shard: str) -> Sequence[Source]:
    """Return every n-th source, beginning with number i; shard: `i/n`."""
    index, count = map(int, shard.split("/"))
    return sources[index::count]


def find_sources(patterns: Iterable[str], rejected: Quarantine) -> list[Source]:
    """Expand files, folders, patterns, lists and URLs; sorted by location, each once.

    A pattern that starts with `@`, or ends in `.txt`, is a list: one pattern a line, relative to the list's
    folder, `#` starts a comment. Files in folders that are neither video nor image are ignored; symbolic
    links that are circular or broken are added to `rejected`.
    Raises SourceMissing.
    """
    found: dict[str, Source] = {}
    for pattern in patterns:
        for source in _expand(pattern, Path(), rejected, parents=()):
            found.setdefault(source.location, source)
    return [found[location] for location in sorted(found)]


def _expand(pattern: str, base: Path, rejected: Quarantine, parents: tuple[Path, ...]) -> Iterator[Source]:
    """parents: the lists that contain the pattern, outermost first."""
    if _URL.match(pattern):
        yield Source(pattern, pattern)
        return
    is_list = pattern.startswith("@")
    path = base / Path(pattern.removeprefix("@")).expanduser()
    if path.is_dir():
        yield from _folder(path, rejected)
    elif is_list or (path.is_file() and path.suffix.lower() == _LIST):
        yield from _list(path, rejected, parents)
    elif os.path.lexists(path):
        yield Source(_absolute(path), path.name)
    elif matches := sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - absolute patterns, too
        for match in matches:
            if Path(match).is_dir():
                continue  # `**` also matches folders
            yield Source(_absolute(Path(match)), os.path.relpath(match, glob_root(str(path))))
    elif parents:  # one wrong line of a list does not stop the others
        rejected.add(pattern, "missing: no such file or folder")
    else:
        raise SourceMissing(pattern, "no such file or folder; name a video, a folder, a pattern or a list")


def glob_root(pattern: str) -> str:
    """Return the part of a pattern before its first wildcard folder."""
    parts = Path(pattern).parts
    fixed = [part for i, part in enumerate(parts) if not any(glob.has_magic(p) for p in parts[: i + 1])]
    return str(Path(*fixed)) if fixed else "."


def _folder(folder: Path, rejected: Quarantine) -> Iterator[Source]:
    for link, target in _circular_links(folder):
        rejected.add(os.path.relpath(link, folder), f"symbolic link in a circle: it leads back to {target}")
    for path in walk_files(folder):
        name = os.path.relpath(path, folder)
        if path.is_symlink() and not path.exists():
            rejected.add(name, f"dead symbolic link: it leads to {path.readlink()}")
        elif path.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES:
            yield Source(_absolute(path), name)


def _circular_links(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (link, target) for links below a folder that point to a folder above themselves."""
    for parent, names, _ in os.walk(folder):
        for name in sorted(names):
            link = Path(parent) / name
            if link.is_symlink():
                target, own = link.resolve(), Path(parent).resolve()
                if own == target or target in own.parents:
                    yield str(link), os.path.relpath(target, folder.resolve())


def _list(path: Path, rejected: Quarantine, parents: tuple[Path, ...]) -> Iterator[Source]:
    if path.resolve() in parents:
        raise SourceMissing(str(path), "the list names itself; take that line out")
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceMissing(str(path), f"the list cannot be read: {error}") from error
    for line in lines:
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            yield from _expand(pattern, path.parent, rejected, (*parents, path.resolve()))


def _absolute(path: Path) -> str:
    return os.path.normpath(path.absolute())
