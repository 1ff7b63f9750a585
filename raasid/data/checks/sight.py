"""All pictures of some footage, looked at once, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raasid.data.checks.look import Grey, Look, grey, look
from raasid.data.image_probe import ImageUnreadable
from raasid.data.media import pictures
from raasid.data.records import Clip

FrameKey = tuple[str, int]
"""Clip id and `Frame.index`."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What could be seen, and what could not."""

    looks: dict[FrameKey, Look] = field(default_factory=dict)
    missing: set[FrameKey] = field(default_factory=set)
    """Frames whose file is not there."""
    unreadable: dict[FrameKey, str] = field(default_factory=dict)
    """Frames whose file is there, and what is wrong with it: `what: value seen`."""


def see(clips: Sequence[Clip], advance: Callable[[int], None]) -> Sight:
    """Look at every frame; memory holds one picture and a look of about 1.5 KB a frame.

    advance: told 1 for each frame.
    """
    sight = Sight()
    gone: dict[Path, bool] = {}
    for clip in clips:
        before: Grey | None = None
        there = []
        for frame in clip.frames:
            if frame.image not in gone:
                gone[frame.image] = not frame.image.exists()
            if gone[frame.image]:
                sight.missing.add((clip.id, frame.index))
                advance(1)
            else:
                there.append(frame)
        for frame, image in pictures(there):
            key = (clip.id, frame.index)
            if isinstance(image, ImageUnreadable):
                sight.unreadable[key] = image.reason
                before = None
            else:
                small = grey(image)
                sight.looks[key] = look(image, small, before)
                before = small
            advance(1)
    return sight
