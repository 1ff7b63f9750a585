"""The image files that annotations name: where they lie, how large they are, and which are not there.

The videos that annotations name: where they lie, what their headers say, and which are not there.

What the header of a video says: size, frame rate, how many frames.

Where a file lies that an annotation names: always inside the data root, whether it is there or not.

Files and folders found by names that have neither the case of the disk nor an extension.

The files below a folder, in one order, through symbolic links but never round in circles.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import cv2

from raasid.errors import DataError
from raasid.footage.formats.parsing.values import LONGEST_EDGE, MOST_FRAMES, ValueUnusable, shown, text
from raasid.footage.media import VIDEO_SUFFIXES
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Frame
from raasid.io.image_header import ImageUnreadable, probe


def place_of(base: Path, name: object, what: str = "file name") -> Path:
    """Return `base / name` for a name out of a foreign file; backslashes count as slashes.

    A name that leads out of `base` (`../x`, `/etc/x`, `C:/x`) or that no file can have is refused.

    Raises
    ------
    ValueUnusable
        No usable name.
    """
    plain = text(name, what).replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if not parts or parts[0] == "/" or ".." in parts or parts[0].endswith(":"):
        raise ValueUnusable(f"{what} leads out of the data root: {shown(plain)}")
    if max(len(os.fsencode(part)) for part in parts) > 255:
        raise ValueUnusable(f"{what} is too long for a file: {shown(plain)}")
    return base.joinpath(*parts)


def first_file(candidates: Iterable[Path]) -> Path | None:
    """Return the first of the paths that is a file; None when there is none."""
    # unlike Path.is_file, os.path's is False for names that no file system takes
    return next((path for path in candidates if os.path.isfile(path)), None)  # noqa: PTH113


def missing_note(what: str, missing: int, total: int, example: Path | str = "") -> tuple[str, ...]:
    """Return the one note of a reader that found labels without their media; empty if all are there."""
    if not missing:
        return ()
    return (f"{missing} of {total} {what} are not there: labels alone, such as for {example}",)


class ImageFiles:
    """Looks for images below a data root, and keeps count of those that are missing.

    Labels often come without their images; then they load all the same. Where some images are there,
    one that is missing is a fault of the data, and its frame is left out.
    """

    def __init__(self, root: Path, left_out: Quarantine) -> None:
        self._root, self._left_out = root, left_out
        self._found = 0
        self._missing: set[Path] = set()
        self._folder: Path | None = None

    def find(
        self, name: Path, folders: Sequence[Path], size: tuple[int, int], *other_names: Path
    ) -> tuple[Path, int, int] | None:
        """Return path, width and height of an image; None when it is bad, which goes to `left_out`.

        name: relative, and other names that the file may have. folders: where it may lie, the likeliest
        first; the first is where it should be. size: width and height that the annotations state, 0 where
        they do not. An image of another size is bad: its annotations are in pixels of some other picture.
        """
        expected = folders[0]
        if self._folder is not None and self._folder in folders:
            folders = [self._folder, *(folder for folder in folders if folder != self._folder)]
        for path in (folder / each for each in (name, *other_names) for folder in folders):
            if os.path.isfile(path):  # noqa: PTH113 - unlike Path.is_file, False for a name too long
                self._folder = path.parent
                return self._looked_at(path, size)
        path = expected / name
        self._missing.add(path)
        return path, *size

    def _looked_at(self, path: Path, size: tuple[int, int]) -> tuple[Path, int, int] | None:
        self._found += 1
        try:
            facts = probe(path)
        except ImageUnreadable as error:
            self._left_out.add(self.relative(path), error.reason)
            return None
        if all(size) and size != (facts.width, facts.height):
            reason = (
                f"another size than annotated: {facts.width}x{facts.height}, annotated {size[0]}x{size[1]}"
            )
            self._left_out.add(self.relative(path), reason)
            return None
        return path, facts.width, facts.height

    def relative(self, path: Path) -> str:
        """Return a path as `left_out` names it: below the root, with forward slashes."""
        return Path(os.path.relpath(path, self._root)).as_posix()

    def settle(self, clips: Iterable[Clip]) -> tuple[list[Clip], tuple[str, ...]]:
        """Return the clips without the frames that miss their image, and notes.

        Where no image at all is there, every frame stays, and one note says so.
        """
        clips = list(clips)
        if not self._missing:
            return clips, ()
        if not self._found:
            example = self.relative(min(self._missing))
            return clips, missing_note("images", len(self._missing), len(self._missing), example)
        for path in self._missing:
            self._left_out.add(self.relative(path), "image not there: the annotations name it")
        kept = []
        for clip in clips:
            frames = tuple(frame for frame in clip.frames if not self._is_missing(frame))
            if frames:
                kept.append(clip if len(frames) == len(clip.frames) else replace(clip, frames=frames))
        return kept, ()

    def _is_missing(self, frame: Frame) -> bool:
        return not frame.in_video and frame.image in self._missing


class FilmUnreadable(DataError):
    """A video that OpenCV cannot open, or whose header makes no sense."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; re-encode it, or take it out of the data root")
        self.reason = reason
        """`what: value seen`, as `LeftOut.reason` wants it."""


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """Size in pixels, frames per second, and the number of frames as the container states it."""

    width: int
    height: int
    frame_rate_hz: float
    frames: int


def film_facts(path: Path) -> FilmFacts:
    """Look into a video's header; nothing is decoded. Raises FilmUnreadable."""
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise FilmUnreadable(path, f"no video: OpenCV cannot open its {path.stat().st_size} bytes")
        places = (
            cv2.CAP_PROP_FRAME_WIDTH,
            cv2.CAP_PROP_FRAME_HEIGHT,
            cv2.CAP_PROP_FPS,
            cv2.CAP_PROP_FRAME_COUNT,
        )
        width, height, rate, frames = (float(capture.get(place)) for place in places)
    except OSError as error:
        raise FilmUnreadable(path, f"cannot be read: {error.strerror}") from error
    finally:
        capture.release()
    if not (0 < width <= LONGEST_EDGE and 0 < height <= LONGEST_EDGE):
        raise FilmUnreadable(path, f"absurd size: {width:g}x{height:g} pixels")
    if not (math.isfinite(rate) and 0 < rate <= 1000):
        raise FilmUnreadable(path, f"absurd frame rate: {rate:g} Hz")
    if not 0 < frames <= MOST_FRAMES:
        raise FilmUnreadable(path, f"absurd number of frames: {frames:g}")
    return FilmFacts(int(width), int(height), rate, int(frames))


def film_beside(folders: Iterable[Path], stem: str) -> Path | None:
    """Return the first video called `stem` in any of the folders, whatever its container."""
    return first_file(folder / f"{stem}{suffix}" for folder in folders for suffix in sorted(VIDEO_SUFFIXES))


class VideoFiles:
    """Looks for videos below a data root, and counts those that are missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._asked: set[Path] = set()
        self._missing: set[Path] = set()

    def find(self, name: str, folders: Sequence[Path], *other_names: str) -> tuple[Path, FilmFacts | None]:
        """Return a video's path and its header's facts; without facts where it is not there.

        name: as the annotations have it, which may lack the suffix or have another one; and other names that
        it may have. folders: where it may lie, the likeliest first; the first is where it should be.
        Raises FilmUnreadable, ValueUnusable.
        """
        for each in (name, *other_names):
            path = self._found(each, folders)
            if path is not None:
                self._asked.add(path)
                return path, film_facts(path)
        bare = place_of(Path(), name, "video name").name
        known = PurePosixPath(bare).suffix.lower() in VIDEO_SUFFIXES
        path = folders[0] / (bare if known else f"{bare}.mp4")
        self._asked.add(path)
        self._missing.add(path)
        return path, None

    def _found(self, name: str, folders: Sequence[Path]) -> Path | None:
        place = place_of(Path(), name, "video name")
        bare = PurePosixPath(place.name)
        known = bare.suffix.lower() in VIDEO_SUFFIXES
        stem = bare.stem if known else bare.name
        found = first_file(folder / part for folder in folders for part in (place, bare) if known)
        return found or film_beside(folders, stem)

    def notes(self) -> tuple[str, ...]:
        """Return the note that says how many videos are not there; none if all are."""
        if not self._missing:
            return ()
        example = min(self._missing).relative_to(self._root).as_posix()
        return missing_note("videos", len(self._missing), len(self._asked), example)


class FoldedNames:
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
