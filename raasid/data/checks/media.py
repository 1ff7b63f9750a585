"""Quality: files that are missing, torn, called by a wrong name, or of another size than annotated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from raasid.data.checks.finding import Finding
from raasid.data.checks.subject import Subject
from raasid.data.records import Clip, Frame

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".webp": "WebP", ".gif": "GIF"}
_MAGIC = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"BM", "BMP"), (b"RIFF", "WebP"), (b"GIF8", "GIF"))


def check(subject: Subject) -> Iterator[Finding]:
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
