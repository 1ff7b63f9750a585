"""A video under review: how many frames can be decoded, and the frames at one size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from raasid.collect.source_discovery import Source
from raasid.io.image_reader import Image
from raasid.io.video_reader import VideoReader, VideoUnreadable


@dataclass(frozen=True, slots=True)
class VideoSource:
    """A video that can be decoded, at least in part."""

    path: Path
    name: str
    """As the user knows it: relative to the folder that was asked for."""
    width: int
    """Pixels; frames of another size are resized to this one."""
    height: int
    frame_rate_hz: float
    frames: int
    """Number of frames that can be decoded."""
    frames_stated: int
    """By the container; 0 where it does not say."""
    stamp: str
    """Changes with the file: its path, size and modification time."""

    @property
    def truncated(self) -> bool:
        """Whether frames are missing; containers are wrong by a frame or two without harm."""
        return self.frames_stated - self.frames > max(2, self.frames_stated // 100)

    def images(self, start: int = 0) -> Iterator[Image]:
        """Yield the frames from index `start` on, one at a time: (height, width, 3) BGR."""
        with VideoReader(str(self.path)) as video:
            video.skip(start)
            for image in video.frames():
                if image.shape[:2] == (self.height, self.width):
                    yield image
                else:
                    resized = cv2.resize(image, (self.width, self.height), interpolation=cv2.INTER_AREA)
                    yield np.asarray(resized, np.uint8)


def file_stamp(source: Source) -> str:
    """Return a digest that changes with the file, without opening it.

    Raises VideoUnreadable if the file is missing.
    """
    try:
        status = source.path.stat()
    except OSError as error:
        raise VideoUnreadable(source.location, f"cannot be read: {error.strerror}") from error
    identity = json.dumps([source.location, status.st_size, status.st_mtime_ns])
    return hashlib.sha256(identity.encode()).hexdigest()


def open_video(source: Source) -> VideoSource:
    """Count the frames of a video that can be decoded, so that later stages know where it ends.

    Raises VideoUnreadable if no frame can be decoded.
    """
    stamp = file_stamp(source)
    with VideoReader(source.location) as video:
        header = video.header
        frames = video.skip()
    if not frames:
        raise VideoUnreadable(source.location, "no frame of it can be decoded")
    return VideoSource(
        path=source.path,
        name=source.name,
        width=header.width,
        height=header.height,
        frame_rate_hz=header.frame_rate_hz,
        frames=frames,
        frames_stated=header.num_frames,
        stamp=stamp,
    )
