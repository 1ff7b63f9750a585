"""Reads TrackNet ball tracks: a CSV per rally, beside the video or the frames."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raasid.errors import DataRootMissing
from raasid.footage.formats.file_search import walk_files
from raasid.footage.formats.footage_builder import build_footage, split_from_name
from raasid.footage.formats.media_lookup import (
    find_video,
    missing_note,
)
from raasid.footage.formats.parsing.csv_reader import Column, TableUnreadable, read_table
from raasid.footage.formats.parsing.values import MAX_COORDINATE, MAX_FRAMES, ValueUnusable, integer, number
from raasid.footage.formats.yolo_sheet import IMAGE_SUFFIXES
from raasid.footage.quarantine import Quarantine
from raasid.footage.records import Ball, Clip, Footage, Frame, Provenance, Visibility
from raasid.io.image_reader import ImageUnreadable, probe_image
from raasid.io.video_reader import VideoHeader, VideoUnreadable, probe_video

EXPECTED = "a CSV per rally with the columns Frame, Visibility, X, Y"
_COLUMNS = (
    Column(("Frame", "Frame No", "file name", "num")),
    Column(("Visibility", "visible")),
    Column(("X", "x-coordinate", "x_pos")),
    Column(("Y", "y-coordinate", "y_pos")),
)
_SEEN = {1: Visibility.CLEAR, 2: Visibility.BLURRED, 3: Visibility.HIDDEN}
"""0: no ball. The badminton sets know 0 and 1; the tennis set 2 for hard to see and 3 for covered."""
_TABLE_FOLDERS = {"csv", "label", "labels", "ball", "ball_trajectory"}


@dataclass(frozen=True, slots=True)
class _Media:
    """Where the pixels of a rally are: a video, or a file per frame."""

    video: Path
    header: VideoHeader | None = None
    images: dict[int, Path] | None = None
    size: tuple[int, int] = (0, 0)
    """Width and height of the images; of the video, `header` knows them."""


def read(root: Path, frame_rate_hz: float = 30.0) -> Footage:
    """Read every rally's table below the root: a clip each, a frame per row.

    The ball is a point (w = h = 0); visibility 0 is a frame without a ball, whatever its X and Y.
    frame_rate_hz: of rallies without their video. Media are looked for beside the table and in `video`
    and `frame` beside its folder, under the table's name without `_ball`. A folder of rallies is a match;
    rallies in the root itself are a match each. Folders called train, val or test are splits.
    Raises DataRootMissing, NoUsableSamples. Sources: TrackNetV2's data description; the tennis set.
    """
    if not root.is_dir():
        raise DataRootMissing(root, EXPECTED)
    quarantine = Quarantine()
    clips: list[Clip] = []
    splits: dict[str, list[str]] = {}
    without_media: list[str] = []
    for table in walk_files(root):
        if table.suffix.lower() != ".csv":
            continue
        name = os.path.relpath(table, root)
        try:
            media = _media_of(table)
        except (VideoUnreadable, ImageUnreadable) as error:
            quarantine.add(name, f"its media cannot be read: {error.reason}")
            continue
        frames = _frames(table, name, media, quarantine)
        if not frames:
            quarantine.add(name, "no usable row: the rally is left out")
            continue
        if media.header is None and media.images is None:
            without_media.append(name)
        clips.append(_clip(name, root, frames, media.header.frame_rate_hz if media.header else frame_rate_hz))
        if split := next(filter(None, map(split_from_name, Path(name).parts[:-1])), None):
            splits.setdefault(split, []).append(clips[-1].id)
    return build_footage(
        root,
        clips,
        splits,
        quarantine,
        missing_note("rallies' videos", len(without_media), len(clips), *without_media[:1]),
        EXPECTED,
    )


def _clip(name: str, root: Path, frames: Sequence[Frame], rate: float) -> Clip:
    parents = [part for part in Path(name).parts[:-1] if part.casefold() not in _TABLE_FOLDERS]
    provenance = Provenance(f"tracknet:{root.resolve().name}", match="/".join(parents))
    return Clip(os.path.splitext(name)[0], tuple(frames), provenance, rate)  # noqa: PTH122


def _frames(table: Path, name: str, media: _Media, quarantine: Quarantine) -> list[Frame]:
    frames: dict[int, Frame] = {}

    def reject(line: int, reason: str) -> None:
        quarantine.add(name, reason, line)

    try:
        for line, cells in read_table(table, _COLUMNS, reject):
            try:
                index = _index(cells[0])
                if index in frames:
                    raise ValueUnusable(f"second row of one frame: {index}")
                frames[index] = _frame(index, cells, media)
            except ValueUnusable as error:
                reject(line, str(error))
    except TableUnreadable as error:
        quarantine.add(name, error.reason)
        return []
    return [frames[index] for index in sorted(frames)]


def _index(cell: str) -> int:
    """Return the number of a frame, which may be written as the name of its file (`0007.jpg`)."""
    stem = re.fullmatch(r"(\d{1,9})\.\w{2,4}", cell)
    return integer(stem[1] if stem else cell, "frame", 0, MAX_FRAMES)


def _frame(index: int, cells: Sequence[str], media: _Media) -> Frame:
    visibility = integer(cells[1], "visibility", 0, 3)
    image, (width, height) = media.video, media.size
    if media.header is not None:
        width, height = media.header.width, media.header.height
        if index >= media.header.num_frames:
            raise ValueUnusable(f"frame behind the end of the video: {index} of {media.header.num_frames}")
    if media.images is not None:
        if index not in media.images:
            raise ValueUnusable(f"no image of the frame: {index}")
        image = media.images[index]
    balls: tuple[Ball, ...] = ()
    if visibility:
        x = number(cells[2], "X", 0, width or MAX_COORDINATE)
        y = number(cells[3], "Y", 0, height or MAX_COORDINATE)
        if not (x or y):
            raise ValueUnusable(f"visible ball at the origin: visibility {visibility}, X 0, Y 0")
        balls = (Ball(x, y, 0.0, 0.0, _SEEN[visibility]),)
    return Frame(index, image, width, height, balls, in_video=media.images is None)


def _media_of(table: Path) -> _Media:
    """Find a rally's video or frames; without any, name the video as it should be called.

    Raises VideoUnreadable, ImageUnreadable for media that are there and broken.
    """
    stem = table.stem.removesuffix("_ball")
    around = (table.parent, table.parent.parent / "video", table.parent.parent / "videos")
    if (video := find_video(around, stem)) is not None:
        return _Media(video, probe_video(video))
    folders = [place / stem for place in (table.parent, table.parent.parent / "frame", table.parent.parent)]
    if table.stem.casefold() == "label":  # the tennis set: Label.csv among its frames
        folders.append(table.parent)
    for folder in folders:
        images = _numbered(folder)
        if images:
            facts = probe_image(next(iter(images.values())))
            return _Media(table.with_name(f"{stem}.mp4"), None, images, (facts.width, facts.height))
    return _Media(table.with_name(f"{stem}.mp4"))


def _numbered(folder: Path) -> dict[int, Path]:
    """Return the images in a folder whose name is a number."""
    if not folder.is_dir():
        return {}
    images = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES)
    return {int(path.stem): path for path in images if re.fullmatch(r"[0-9]{1,9}", path.stem)}
