"""Quality: files that are missing, torn, called by a wrong name, or of another size than annotated.

Quality: pictures in which nothing can be seen.

Quality: pictures without a sharp edge.

Quality: a clip that stands still.

Quality: one picture twice, within a clip or in two clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from raasid.footage.records import Clip, Frame
from raasid.validation.image_stats import Look, same_pictures
from raasid.validation.types import Finding, Subject, Thresholds

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".webp": "WebP", ".gif": "GIF"}
_MAGIC = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"BM", "BMP"), (b"RIFF", "WebP"), (b"GIF8", "GIF"))


def check_media(subject: Subject) -> Iterator[Finding]:
    """Find media that cannot be used as they are; footage without any media is one finding."""
    sight = subject.sight
    total = sum(len(clip.frames) for clip in subject.clips)
    if total and len(sight.missing) == total:
        first = next(frame for clip in subject.clips for frame in clip.frames)
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
    for clip in subject.clips:
        yield from _missing(clip, [f for f in clip.frames if (clip.id, f.index) in sight.missing])
        for frame in clip.frames:
            if reason := sight.unreadable.get((clip.id, frame.index)):
                yield Finding("unreadable", clip.id, frame.index, reason, path=str(frame.image))
            elif seen := sight.looks.get((clip.id, frame.index)):
                yield from _wrong_size(clip, frame, seen.size)
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
            f"the picture has {size[0]}x{size[1]} pixels, its annotation says {frame.width}x{frame.height}"
        )
        yield Finding("wrong_size", clip.id, frame.index, message, path=str(frame.image))


def _wrong_name(clip: Clip, frame: Frame) -> Iterator[Finding]:
    said = _FORMATS.get(frame.image.suffix.lower())
    found = _content(frame.image)
    if said and found and said != found:
        message = f"{frame.image.name} holds a {found}, its name says {said}"
        yield Finding(
            "wrong_extension", clip.id, frame.index, message, path=str(frame.image), severity="warning"
        )


def _content(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:  # it was there a moment ago; that it can be read was looked at already
        return None
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def black(seen: Look, thresholds: Thresholds) -> bool:
    """Whether a picture is black or of one colour."""
    return seen.highlight < thresholds.dark or seen.contrast < thresholds.uniform


def check_exposure(subject: Subject) -> Iterator[Finding]:
    """Find black and uniform frames."""
    limits = subject.thresholds
    for clip in subject.clips:
        for frame in clip.frames:
            seen = subject.sight.looks.get((clip.id, frame.index))
            if seen is None or not black(seen, limits):
                continue
            if seen.highlight < limits.dark:
                message = f"black: the brightest hundredth of it reaches {seen.highlight:.3f} of white"
                value, limit = seen.highlight, limits.dark
            else:
                message = f"of one colour: brightness varies by {seen.contrast:.4f} of white"
                value, limit = seen.contrast, limits.uniform
            yield Finding(
                "black", clip.id, frame.index, message, path=str(frame.image), value=value, limit=limit
            )


def check_focus(subject: Subject) -> Iterator[Finding]:
    """Find frames that are out of focus, or smeared by the camera's movement."""
    limits = subject.thresholds
    for clip in subject.clips:
        for frame in clip.frames:
            seen = subject.sight.looks.get((clip.id, frame.index))
            if seen is not None and seen.sharpness < limits.sharpness and not black(seen, limits):
                yield Finding(
                    "blurred",
                    clip.id,
                    frame.index,
                    f"blurred: sharpness {seen.sharpness:.3f}, in focus it is above {limits.sharpness:.3f}",
                    path=str(frame.image),
                    value=seen.sharpness,
                    limit=limits.sharpness,
                )


def still(seen: Look, thresholds: Thresholds) -> bool:
    """Whether a picture is the one before once more, compressed anew perhaps."""
    return seen.moved <= thresholds.still and seen.changed <= thresholds.noise


def check_frozen(subject: Subject) -> Iterator[Finding]:
    """Find frames that show the same picture as the frame before in their clip."""
    limits = subject.thresholds
    for clip in subject.clips:
        for before, frame in pairwise(clip.frames):
            seen = subject.sight.looks.get((clip.id, frame.index))
            if seen is not None and still(seen, limits) and not black(seen, limits):
                yield Finding(
                    "frozen",
                    clip.id,
                    frame.index,
                    f"nothing moved since the frame before: the largest change is {seen.moved:.4f} of white",
                    path=str(frame.image),
                    value=seen.moved,
                    limit=limits.still,
                    other=(clip.id, before.index),
                )


def check_duplicates(subject: Subject) -> Iterator[Finding]:
    """Find pictures that another frame has, too; a frozen clip is not told again."""
    limits = subject.thresholds
    frames = [
        (clip, frame, seen)
        for clip in subject.clips
        for frame in clip.frames
        if (seen := subject.sight.looks.get((clip.id, frame.index))) is not None
        and not black(seen, limits)
        and not still(seen, limits)
    ]
    looks = [seen for *_, seen in frames]
    alone = np.arange(len(frames))
    for i, j, gap in same_pictures(looks, alone, limits.hash_bits, limits.same):
        (first, earlier, _), (clip, frame, _) = frames[i], frames[j]
        if first is clip and abs(i - j) == 1:  # neighbours in slow footage
            continue
        yield Finding(
            "duplicate",
            clip.id,
            frame.index,
            f"the same picture as frame {earlier.index} of {first.id}",
            path=str(frame.image),
            value=gap,
            limit=limits.same,
            other=(first.id, earlier.index),
        )
