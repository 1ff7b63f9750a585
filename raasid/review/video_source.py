"""A video to be reviewed: how many frames it really has, and its frames at one size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from raasid.collect.source_discovery import Source
from raasid.footage.media import Image
from raasid.io.video_reader import Video, VideoUnreadable


@dataclass(frozen=True, slots=True)
class Film:
    """One video that can be decoded, at least in part."""

    path: Path
    name: str
    """As the user knows it: relative to the folder that was asked for."""
    width: int
    """Pixels; frames of another size are brought to this one."""
    height: int
    frame_rate_hz: float
    frames: int
    """That can be decoded."""
    frames_stated: int
    """By the container; 0 where it does not say."""
    stamp: str
    """Changes with the file: its place, size and time of change."""

    @property
    def torn(self) -> bool:
        """Whether a part of it cannot be decoded; containers are wrong by a frame or two without harm."""
        return self.frames_stated - self.frames > max(2, self.frames_stated // 100)

    def images(self, start: int = 0) -> Iterator[Image]:
        """Yield the frames from number `start` on: (height, width, 3) blue-green-red; one at a time."""
        with Video(str(self.path)) as video:
            video.skip(start)
            for image in video.frames():
                if image.shape[:2] == (self.height, self.width):
                    yield image
                else:
                    resized = cv2.resize(image, (self.width, self.height), interpolation=cv2.INTER_AREA)
                    yield np.asarray(resized, np.uint8)


def stamp_of(source: Source) -> str:
    """Return what changes with the file; it is not opened. Raises VideoUnreadable where it is gone."""
    try:
        status = source.path.stat()
    except OSError as error:
        raise VideoUnreadable(source.place, f"cannot be read: {error.strerror}") from error
    told = json.dumps([source.place, status.st_size, status.st_mtime_ns])
    return hashlib.sha256(told.encode()).hexdigest()


def open_film(source: Source) -> Film:
    """Decode a video once, without pictures, so that later stages know where it ends.

    Raises VideoUnreadable where nothing of it can be decoded.
    """
    stamp = stamp_of(source)
    with Video(source.place) as video:
        facts = video.facts
        frames = video.skip()
    if not frames:
        raise VideoUnreadable(source.place, "no frame of it can be decoded")
    return Film(
        path=source.path,
        name=source.name,
        width=facts.width,
        height=facts.height,
        frame_rate_hz=facts.frame_rate_hz,
        frames=frames,
        frames_stated=facts.frames_stated,
        stamp=stamp,
    )
