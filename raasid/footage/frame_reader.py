"""Reads the pixels of frames, which are image files or numbered frames of a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from raasid.errors import NoUsableSamples
from raasid.footage.records import Footage, Frame
from raasid.io.image_reader import Image, ImageUnreadable, opencv_name, read_image

_MAX_SKIPPED = 64
"""Up to so many frames are decoded and dropped instead of seeking, which is not exact in every container."""


class FrameReader:
    """Reads frames; the last video stays open, so that its frames in order are decoded once.

    A context manager that closes the video.
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._capture: cv2.VideoCapture | None = None
        self._next = 0

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the open video."""
        if self._capture is not None:
            self._capture.release()
        self._path = self._capture = None

    def read(self, frame: Frame) -> Image:
        """Return (height, width, 3) BGR; raises ImageUnreadable for a missing or truncated file."""
        return self.frame(frame.image, frame.index) if frame.in_video else read_image(frame.image)

    def size(self, video: Path) -> tuple[int, int]:
        """Width and height of a video in pixels; raises ImageUnreadable."""
        if self._path != video:
            self._open(video)
        assert self._capture is not None
        sides = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT
        width, height = (int(self._capture.get(side)) for side in sides)
        return width, height

    def frame(self, path: Path, index: int) -> Image:
        """Return frame `index` of a video, counted from 0: (height, width, 3) BGR; raises ImageUnreadable."""
        if self._path != path:
            self._open(path)
        if index < self._next or index > self._next + _MAX_SKIPPED:
            self._seek(path, index)
        assert self._capture is not None
        while self._next < index:
            if not self._capture.grab():
                raise ImageUnreadable(path, f"decoding stopped at frame {self._next}: frame {index} wanted")
            self._next += 1
        good, image = self._capture.read()
        if not good:
            raise ImageUnreadable(path, f"decoding stopped at frame {self._next}: frame {index} wanted")
        self._next += 1
        return np.asarray(image, np.uint8)

    def _open(self, path: Path) -> None:
        self.close()
        if not path.is_file():
            raise ImageUnreadable(path, "missing: No such file or directory")
        capture = cv2.VideoCapture(opencv_name(path))
        if not capture.isOpened():
            raise ImageUnreadable(path, "no video: OpenCV cannot open it")
        self._path, self._capture, self._next = path, capture, 0

    def _seek(self, path: Path, index: int) -> None:
        """Seek a frame; a container that ends up at another frame is read again from the start."""
        assert self._capture is not None
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, index)
        self._next = int(self._capture.get(cv2.CAP_PROP_POS_FRAMES))
        if self._next != index:
            self._open(path)


def read_frames(frames: Iterable[Frame]) -> Iterator[tuple[Frame, Image | ImageUnreadable]]:
    """Yield each frame with its pixels, or with the error; in order, one at a time."""
    with FrameReader() as reader:
        for frame in frames:
            try:
                yield frame, reader.read(frame)
            except ImageUnreadable as error:
                yield frame, error


def drop_missing_frames(footage: Footage) -> Footage:
    """Drop frames whose image or video file is missing, and clips that lose all frames; a note counts them.

    Raises NoUsableSamples if no frame is left.
    """
    exists: dict[Path, bool] = {}
    clips, missing = [], 0
    for clip in footage.clips:
        for frame in clip.frames:
            if frame.image not in exists:
                exists[frame.image] = frame.image.is_file()
        frames = tuple(frame for frame in clip.frames if exists[frame.image])
        missing += len(clip.frames) - len(frames)
        if frames:
            clips.append(clip if len(frames) == len(clip.frames) else replace(clip, frames=frames))
    if not missing:
        return footage
    example = next(path for path, is_there in exists.items() if not is_there)
    count = f"{missing} of {missing + sum(len(clip.frames) for clip in clips)} frames have no file"
    if not clips:
        raise NoUsableSamples(example.parent, f"{count}, such as {example.name}")
    ids = {clip.id for clip in clips}
    splits = {split: [clip for clip in listed if clip in ids] for split, listed in footage.splits.items()}
    note = f"{count}, such as {example}; left out"
    return replace(footage, clips=clips, splits=splits, notes=(*footage.notes, note))
