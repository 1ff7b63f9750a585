"""The image files that annotations name: where they lie, how large they are, and which are not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from raasid.data.image_probe import ImageUnreadable, probe
from raasid.data.quarantine import Quarantine
from raasid.data.readers.place import missing_note
from raasid.data.records import Clip, Frame


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
