"""Checks of images: unusable files, black, blurred, frozen and duplicate frames."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from raasid.footage.records import Clip, Frame
from raasid.validation.image_stats import ImageStats, find_same_images
from raasid.validation.options import Thresholds
from raasid.validation.types import CheckInput, Finding

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".webp": "WebP", ".gif": "GIF"}
_MAGIC = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"BM", "BMP"), (b"RIFF", "WebP"), (b"GIF8", "GIF"))


def check_media(data: CheckInput) -> Iterator[Finding]:
    """Find media that are missing, unreadable or misnamed; footage without any media is one finding."""
    images = data.images
    total = sum(len(clip.frames) for clip in data.clips)
    if total and len(images.missing) == total:
        first = next(frame for clip in data.clips for frame in clip.frames)
        yield Finding(
            "missing_media",
            "",
            None,
            f"none of the media is there: {total} frames are annotated; the first names {first.image.name}",
            path=str(first.image),
            value=1.0,
            frames=total,
        )
        return
    for clip in data.clips:
        yield from _missing(clip, [f for f in clip.frames if (clip.id, f.index) in images.missing])
        for frame in clip.frames:
            if reason := images.unreadable.get((clip.id, frame.index)):
                yield Finding("unreadable", clip.id, frame.index, reason, path=str(frame.image))
            elif stats := images.by_frame.get((clip.id, frame.index)):
                yield from _wrong_size(clip, frame, stats.size)
                if not frame.in_video:
                    yield from _wrong_name(clip, frame)


def _missing(clip: Clip, frames: list[Frame]) -> Iterator[Finding]:
    if frames:
        names = list(dict.fromkeys(frame.image.name for frame in frames))
        more = f" and {len(names) - 1} other files" if len(names) > 1 else ""
        message = f"{len(frames)} of {len(clip.frames)} frames have no media: {names[0]}{more} not there"
        yield Finding("missing_media", clip.id, None, message, path=str(frames[0].image), frames=len(frames))


def _wrong_size(clip: Clip, frame: Frame, size: tuple[int, int]) -> Iterator[Finding]:
    if frame.width and (frame.width, frame.height) != size:
        message = (
            f"the image has {size[0]}x{size[1]} pixels, its annotation says {frame.width}x{frame.height}"
        )
        yield Finding("wrong_size", clip.id, frame.index, message, path=str(frame.image))


def _wrong_name(clip: Clip, frame: Frame) -> Iterator[Finding]:
    named = _FORMATS.get(frame.image.suffix.lower())
    found = _content(frame.image)
    if named and found and named != found:
        message = f"{frame.image.name} holds a {found}, its name says {named}"
        yield Finding(
            "wrong_extension", clip.id, frame.index, message, path=str(frame.image), severity="warning"
        )


def _content(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:  # it was readable a moment ago, when the image was measured
        return None
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def is_black(stats: ImageStats, thresholds: Thresholds) -> bool:
    """Whether an image is black or of one colour."""
    return stats.highlight < thresholds.dark or stats.contrast < thresholds.uniform


def check_exposure(data: CheckInput) -> Iterator[Finding]:
    """Find black and uniform frames."""
    thresholds = data.thresholds
    for clip in data.clips:
        for frame in clip.frames:
            stats = data.images.by_frame.get((clip.id, frame.index))
            if stats is None or not is_black(stats, thresholds):
                continue
            if stats.highlight < thresholds.dark:
                message = f"black: the brightest hundredth of it reaches {stats.highlight:.3f} of white"
                value, limit = stats.highlight, thresholds.dark
            else:
                message = f"of one colour: brightness varies by {stats.contrast:.4f} of white"
                value, limit = stats.contrast, thresholds.uniform
            yield Finding(
                "black", clip.id, frame.index, message, path=str(frame.image), value=value, limit=limit
            )


def check_blur(data: CheckInput) -> Iterator[Finding]:
    """Find frames that are out of focus or blurred by the camera's movement."""
    thresholds = data.thresholds
    for clip in data.clips:
        for frame in clip.frames:
            stats = data.images.by_frame.get((clip.id, frame.index))
            if (
                stats is not None
                and stats.sharpness < thresholds.sharpness
                and not is_black(stats, thresholds)
            ):
                yield Finding(
                    "blurred",
                    clip.id,
                    frame.index,
                    f"blurred: sharpness {stats.sharpness:.3f}, "
                    f"in focus it is above {thresholds.sharpness:.3f}",
                    path=str(frame.image),
                    value=stats.sharpness,
                    limit=thresholds.sharpness,
                )


def is_frozen(stats: ImageStats, thresholds: Thresholds) -> bool:
    """Whether an image is the same as the previous one, possibly recompressed."""
    return stats.moved <= thresholds.still and stats.changed <= thresholds.noise


def check_frozen(data: CheckInput) -> Iterator[Finding]:
    """Find frames that show the same image as the previous frame of their clip."""
    thresholds = data.thresholds
    for clip in data.clips:
        for previous, frame in pairwise(clip.frames):
            stats = data.images.by_frame.get((clip.id, frame.index))
            if stats is not None and is_frozen(stats, thresholds) and not is_black(stats, thresholds):
                yield Finding(
                    "frozen",
                    clip.id,
                    frame.index,
                    "nothing moved since the previous frame: "
                    f"the largest change is {stats.moved:.4f} of white",
                    path=str(frame.image),
                    value=stats.moved,
                    limit=thresholds.still,
                    other=(clip.id, previous.index),
                )


def check_duplicates(data: CheckInput) -> Iterator[Finding]:
    """Find images that occur twice, within a clip or in two clips; frozen frames are not reported again."""
    thresholds = data.thresholds
    frames = [
        (clip, frame, stats)
        for clip in data.clips
        for frame in clip.frames
        if (stats := data.images.by_frame.get((clip.id, frame.index))) is not None
        and not is_black(stats, thresholds)
        and not is_frozen(stats, thresholds)
    ]
    measured = [stats for *_, stats in frames]
    groups = np.arange(len(frames))
    for i, j, gap in find_same_images(measured, groups, thresholds.hash_bits, thresholds.same):
        (first, earlier, _), (clip, frame, _) = frames[i], frames[j]
        if first is clip and abs(i - j) == 1:  # neighbours in slow footage
            continue
        yield Finding(
            "duplicate",
            clip.id,
            frame.index,
            f"the same image as frame {earlier.index} of {first.id}",
            path=str(frame.image),
            value=gap,
            limit=thresholds.same,
            other=(first.id, earlier.index),
        )
