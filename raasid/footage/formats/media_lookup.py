"""Finds the image and video files that annotations name, and counts those that are missing."""

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
    """Return a note that counts labels without their media; none if nothing is missing."""
    if not missing:
        return ()
    return (f"{missing} of {total} {what} are not there: labels alone, such as for {example}",)


class ImageLookup:
    """Finds images below a data root, and counts those that are missing.

    Labels without any image load all the same, as they are often shared so. Where some images exist, a
    missing one is a defect of the data, and its frame is rejected.
    """

    def __init__(self, root: Path, quarantine: Quarantine) -> None:
        self._root, self._quarantine = root, quarantine
        self._found = 0
        self._missing: set[Path] = set()
        self._folder: Path | None = None

    def find(
        self, name: Path, folders: Sequence[Path], size: tuple[int, int], *other_names: Path
    ) -> tuple[Path, int, int] | None:
        """Return path, width and height of an image, whether it exists or not; None if it is rejected.

        name: relative path, and alternatives. folders: where to search, the expected one first. size: stated
        width and height, 0 if unknown. An image of another size is rejected, since its annotations are in
        pixels of some other image.
        """
        expected = folders[0]
        if self._folder is not None and self._folder in folders:
            folders = [self._folder, *(folder for folder in folders if folder != self._folder)]
        for path in (folder / each for each in (name, *other_names) for folder in folders):
            if os.path.isfile(path):  # noqa: PTH113 - unlike Path.is_file, False for a name too long
                self._folder = path.parent
                return self._checked(path, size)
        path = expected / name
        self._missing.add(path)
        return path, *size

    def _checked(self, path: Path, size: tuple[int, int]) -> tuple[Path, int, int] | None:
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
        """Return a path relative to the root, with forward slashes, as in the quarantine."""
        return Path(os.path.relpath(path, self._root)).as_posix()

    def drop_missing_images(self, clips: Iterable[Clip]) -> tuple[list[Clip], tuple[str, ...]]:
        """Return the clips without frames whose image is missing, and notes.

        If no image exists at all, every frame stays, and a note says so.
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
    """Return the first video called `stem` in one of the folders, with any suffix; or None."""
    return first_file(folder / f"{stem}{suffix}" for folder in folders for suffix in sorted(VIDEO_SUFFIXES))


class VideoLookup:
    """Finds videos below a data root, and counts those that are missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._requested: set[Path] = set()
        self._missing: set[Path] = set()

    def find(self, name: str, folders: Sequence[Path], *other_names: str) -> tuple[Path, VideoHeader | None]:
        """Return path and header of a video; if it is missing, the expected path and None.

        name: as annotated, possibly with another suffix or none; and alternatives. folders: where to search,
        the expected one first.
        Raises VideoUnreadable, ValueUnusable.
        """
        for each in (name, *other_names):
            path = self._found(each, folders)
            if path is not None:
                self._requested.add(path)
                return path, probe_video(path)
        bare = safe_join(Path(), name, "video name").name
        known = PurePosixPath(bare).suffix.lower() in VIDEO_SUFFIXES
        path = folders[0] / (bare if known else f"{bare}.mp4")
        self._requested.add(path)
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
        """Return a note on missing videos; none if all were found."""
        if not self._missing:
            return ()
        example = min(self._missing).relative_to(self._root).as_posix()
        return missing_note("videos", len(self._missing), len(self._requested), example)
