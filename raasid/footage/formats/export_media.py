"""Writes the images of an export, by split."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import cv2

from raasid.console.terminal import progress
from raasid.errors import DataError, UsageError
from raasid.escaping import printable
from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Clip, Footage, Frame
from raasid.io.atomic import StagedFolder, make_folder, write_synced
from raasid.io.image_reader import ImageUnreadable, probe_image

_QUALITY = 95


class ExportRefused(UsageError):
    """A folder that is not empty: an export would mix with what is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: not empty; name a new folder for the export")


class NothingExported(DataError):
    """No frame of the footage has pixels."""

    def __init__(self) -> None:
        super().__init__("nothing to export; the media of the footage are not there")


@dataclass(frozen=True, slots=True)
class ExportedFrame:
    """A frame whose image has been exported."""

    clip: Clip
    frame: Frame
    """With the width and height of the image, even if the record did not have them."""
    split: str
    """`train`, `val`, `test`, or `all` where the footage declares no splits."""
    name: str
    """File name of the image without folder; its stem is unique in the export whatever the case."""


def export_folder(write: Callable[[Footage, Path], int], footage: Footage, folder: Path) -> int:
    """Let an exporter fill a draft folder, which becomes `folder` when it is complete; return its count.

    Raises ExportRefused, NothingExported, DiskFull; `folder` is then untouched.
    """
    folder = folder.absolute()
    if folder.exists() and any(folder.iterdir()):
        raise ExportRefused(folder)
    with StagedFolder(folder.parent, folder.name) as staged:
        count = write(footage, staged.path)
        if not staged.publish(folder):
            raise ExportRefused(folder)
    return count


def export_frames(footage: Footage, folder: Path, where: str) -> Iterator[ExportedFrame]:
    """Write the image of each frame and yield the frame; unreadable frames are left out.

    where: folder of the images below `folder`, with `{split}` for the split's name. Image files are copied
    as they are; frames of videos become JPEGs. Raises DiskFull, and NothingExported at the end.
    """
    split_of = {clip: _plain(split) for split, clips in footage.splits.items() for clip in clips}
    total = sum(len(clip.frames) for clip in footage.clips)
    taken: set[str] = set()
    with FrameReader() as media, progress("exporting frames", total) as update:
        for clip in footage.clips:
            split = split_of.get(clip.id, "all")
            target = folder / where.format(split=split)
            make_folder(target)
            for frame in clip.frames:
                update(1)
                name = _name(clip, frame, taken)
                try:
                    data, width, height = _image_file(frame, media)
                except (ImageUnreadable, OSError):
                    continue
                write_synced(target / name, data)
                taken.add(Path(name).stem.casefold())
                yield ExportedFrame(clip, _sized(frame, width, height), split, name)
    if not taken:
        raise NothingExported


def _name(clip: Clip, frame: Frame, taken: Collection[str]) -> str:
    """Name the image of a frame; `à/b` and `é_b` are one plain name, and the second gets a number."""
    suffix = ".jpg" if frame.in_video else printable(frame.image.suffix)
    stem = f"{_plain(clip.id)}_{frame.index:06d}"
    stems = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(f"{free}{suffix}" for free in stems if free.casefold() not in taken)


def _plain(name: str) -> str:
    """Return a name that no file system takes for a path: the footage may come from anyone."""
    return re.sub(r"[^A-Za-z0-9._-]+|^[.]+", "_", name)


def _image_file(frame: Frame, media: FrameReader) -> tuple[bytes, int, int]:
    """Return the bytes of a frame's image file, its width and its height."""
    if not frame.in_video:
        facts = probe_image(frame.image)
        return frame.image.read_bytes(), facts.width, facts.height
    pixels = media.read(frame)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes(), pixels.shape[1], pixels.shape[0]


def _sized(frame: Frame, width: int, height: int) -> Frame:
    return (
        frame
        if (frame.width, frame.height) == (width, height)
        else replace(frame, width=width, height=height)
    )
