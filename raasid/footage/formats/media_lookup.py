"""The image files that annotations name: where they lie, how large they are, and which are not there.

The videos that annotations name: where they lie, what their headers say, and which are not there.

What the header of a video says: size, frame rate, how many frames.

Where a file lies that an annotation names: always inside the data root, whether it is there or not.

Files and folders found by names that have neither the case of the disk nor an extension.

The files below a folder, in one order, through symbolic links but never round in circles.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from raasid.footage.formats.file_search import first_file
from raasid.footage.formats.parsing.values import (
    safe_join,
)
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Clip, Frame
from raasid.io.image_reader import ImageUnreadable, probe_image
from raasid.io.video_reader import VIDEO_SUFFIXES, VideoHeader, probe_video


def missing_note(what: str, missing: int, total: int, example: Path | str = "") -> tuple[str, ...]:
    """Return the one note of a reader that found labels without their media; empty if all are there."""
    if not missing:
        return ()
    return (f"{missing} of {total} {what} are not there: labels alone, such as for {example}",)


class ImageLookup:
    """Looks for images below a data root, and keeps count of those that are missing.

    Labels often come without their images; then they load all the same. Where some images are there,
    one that is missing is a fault of the data, and its frame is left out.
    """

    def __init__(self, root: Path, quarantine: Quarantine) -> None:
        self._root, self._quarantine = root, quarantine
        self._found = 0
        self._missing: set[Path] = set()
        self._folder: Path | None = None

    def find(
        self, name: Path, folders: Sequence[Path], size: tuple[int, int], *other_names: Path
    ) -> tuple[Path, int, int] | None:
        """Return path, width and height of an image; None when it is bad, which goes to `quarantine`.

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
            facts = probe_image(path)
        except ImageUnreadable as error:
            self._quarantine.add(self.relative(path), error.reason)
            return None
        if all(size) and size != (facts.width, facts.height):
            reason = (
                f"another size than annotated: {facts.width}x{facts.height}, annotated {size[0]}x{size[1]}"
            )
            self._quarantine.add(self.relative(path), reason)
            return None
        return path, facts.width, facts.height

    def relative(self, path: Path) -> str:
        """Return a path as `quarantine` names it: below the root, with forward slashes."""
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
            self._quarantine.add(self.relative(path), "image not there: the annotations name it")
        kept = []
        for clip in clips:
            frames = tuple(frame for frame in clip.frames if not self._is_missing(frame))
            if frames:
                kept.append(clip if len(frames) == len(clip.frames) else replace(clip, frames=frames))
        return kept, ()

    def _is_missing(self, frame: Frame) -> bool:
        return not frame.in_video and frame.image in self._missing


def find_video(folders: Iterable[Path], stem: str) -> Path | None:
    """Return the first video called `stem` in any of the folders, whatever its container."""
    return first_file(folder / f"{stem}{suffix}" for folder in folders for suffix in sorted(VIDEO_SUFFIXES))


class VideoLookup:
    """Looks for videos below a data root, and counts those that are missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._asked: set[Path] = set()
        self._missing: set[Path] = set()

    def find(self, name: str, folders: Sequence[Path], *other_names: str) -> tuple[Path, VideoHeader | None]:
        """Return a video's path and its header's facts; without facts where it is not there.

        name: as the annotations have it, which may lack the suffix or have another one; and other names that
        it may have. folders: where it may lie, the likeliest first; the first is where it should be.
        Raises VideoUnreadable, ValueUnusable.
        """
        for each in (name, *other_names):
            path = self._found(each, folders)
            if path is not None:
                self._asked.add(path)
                return path, probe_video(path)
        bare = safe_join(Path(), name, "video name").name
        known = PurePosixPath(bare).suffix.lower() in VIDEO_SUFFIXES
        path = folders[0] / (bare if known else f"{bare}.mp4")
        self._asked.add(path)
        self._missing.add(path)
        return path, None

    def _found(self, name: str, folders: Sequence[Path]) -> Path | None:
        place = safe_join(Path(), name, "video name")
        bare = PurePosixPath(place.name)
        known = bare.suffix.lower() in VIDEO_SUFFIXES
        stem = bare.stem if known else bare.name
        found = first_file(folder / part for folder in folders for part in (place, bare) if known)
        return found or find_video(folders, stem)

    def notes(self) -> tuple[str, ...]:
        """Return the note that says how many videos are not there; none if all are."""
        if not self._missing:
            return ()
        example = min(self._missing).relative_to(self._root).as_posix()
        return missing_note("videos", len(self._missing), len(self._asked), example)
