"""Writes the images of an export, by split."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from raasid.console.terminal import progress
from raasid.errors import DataError, UsageError
from raasid.footage.frame_reader import FrameReader
from raasid.footage.records import Clip, Footage, Frame
from raasid.io.image_reader import ImageUnreadable, probe_image

_QUALITY = 95


class ExportRefused(UsageError):
    """A folder that is not empty: an export would mix with what is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: not empty; name a new folder for the export")


class NothingExported(DataError):
    """No frame of the footage has pixels."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: nothing to export; the media of the footage are not there")


@dataclass(frozen=True, slots=True)
class ExportedFrame:
    """A frame whose image has been exported."""

    clip: Clip
    frame: Frame
    """With the width and height of the image, even if the record did not have them."""
    split: str
    """`train`, `val`, `test`, or `all` where the footage declares no splits."""
    name: str
    """File name of the image, unique in the export, without folder."""


def export_frames(footage: Footage, folder: Path, where: str) -> Iterator[ExportedFrame]:
    """Write the image of each frame and yield the frame; unreadable frames are left out.

    where: folder of the images below `folder`, with `{split}` for the split's name. Image files are copied
    as they are; frames of videos become JPEGs. Raises ExportRefused, and NothingExported at the end.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ExportRefused(folder)
    split_of = {clip: split for split, clips in footage.splits.items() for clip in clips}
    total = sum(len(clip.frames) for clip in footage.clips)
    placed = 0
    with FrameReader() as media, progress(f"exporting to {folder.name}", total) as update:
        for clip in footage.clips:
            split = split_of.get(clip.id, "all")
            target = folder / where.format(split=split)
            target.mkdir(parents=True, exist_ok=True)
            for frame in clip.frames:
                update(1)
                name = _name(clip, frame)
                try:
                    width, height = _put(frame, target / name, media)
                except (ImageUnreadable, OSError):
                    continue
                placed += 1
                yield ExportedFrame(clip, _sized(frame, width, height), split, name)
    if not placed:
        raise NothingExported(folder)


def _name(clip: Clip, frame: Frame) -> str:
    suffix = ".jpg" if frame.in_video else frame.image.suffix
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '_', clip.id)}_{frame.index:06d}{suffix}"


def _put(frame: Frame, target: Path, media: FrameReader) -> tuple[int, int]:
    if not frame.in_video:
        facts = probe_image(frame.image)
        shutil.copyfile(frame.image, target)
        return facts.width, facts.height
    pixels = media.read(frame)
    cv2.imwrite(os.fsencode(target), pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return pixels.shape[1], pixels.shape[0]


def _sized(frame: Frame, width: int, height: int) -> Frame:
    return (
        frame
        if (frame.width, frame.height) == (width, height)
        else replace(frame, width=width, height=height)
    )
