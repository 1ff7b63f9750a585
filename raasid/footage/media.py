"""Pixels of frames, wherever they are kept: image files, or numbered frames of a video.

Footage without the frames whose files are not there: labels alone cannot be trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.errors import NoUsableSamples
from raasid.footage.records import Footage, Frame
from raasid.io.image_header import ImageUnreadable, probe_image

Image = NDArray[np.uint8]

VIDEO_SUFFIXES = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm"}
_SKIP_AHEAD = 64
"""Frames that are decoded and dropped rather than sought: seeking is not exact in every container."""


class FrameReader:
    """Reads frames one after the other; the video in use stays open, so that frames in order cost little.

    A context manager: leaving it closes the video.
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
        """Close the video in use."""
        if self._capture is not None:
            self._capture.release()
        self._path = self._capture = None

    def read(self, frame: Frame) -> Image:
        """Return (height, width, 3) blue-green-red; raises ImageUnreadable for what is missing or torn."""
        if frame.in_video:
            return self.frame(frame.image, frame.index)
        probe_image(frame.image)
        image = cv2.imread(str(frame.image), cv2.IMREAD_COLOR)
        if image is None:
            raise ImageUnreadable(frame.image, "cannot be decoded")
        return np.asarray(image, np.uint8)

    def size(self, video: Path) -> tuple[int, int]:
        """Width and height of a video in pixels; raises ImageUnreadable."""
        if self._path != video:
            self._open(video)
        assert self._capture is not None
        sides = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT
        width, height = (int(self._capture.get(side)) for side in sides)
        return width, height

    def frame(self, path: Path, index: int) -> Image:
        """Return frame `index` of a video, as `read` does."""
        if self._path != path:
            self._open(path)
        if index < self._next or index > self._next + _SKIP_AHEAD:
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
        capture = cv2.VideoCapture(str(path))
        if not capture.isOpened():
            raise ImageUnreadable(path, "no video: OpenCV cannot open it")
        self._path, self._capture, self._next = path, capture, 0

    def _seek(self, path: Path, index: int) -> None:
        """Go to a frame; containers whose index does not hold are read again from the start."""
        assert self._capture is not None
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, index)
        self._next = int(self._capture.get(cv2.CAP_PROP_POS_FRAMES))
        if self._next != index:
            self._open(path)


def read_frames(frames: Iterable[Frame]) -> Iterator[tuple[Frame, Image | ImageUnreadable]]:
    """Yield each frame with its pixels, or with what is wrong with them; in order, one at a time."""
    with FrameReader() as media:
        for frame in frames:
            try:
                yield frame, media.read(frame)
            except ImageUnreadable as error:
                yield frame, error


def drop_missing_frames(footage: Footage) -> Footage:
    """Leave out frames whose image or video is missing, and clips that lose all frames; a note says so.

    Raises NoUsableSamples when no frame is left.
    """
    there: dict[Path, bool] = {}
    clips, missing = [], 0
    for clip in footage.clips:
        for frame in clip.frames:
            if frame.image not in there:
                there[frame.image] = frame.image.is_file()
        kept = tuple(frame for frame in clip.frames if there[frame.image])
        missing += len(clip.frames) - len(kept)
        if kept:
            clips.append(clip if len(kept) == len(clip.frames) else replace(clip, frames=kept))
    if not missing:
        return footage
    absent = next(path for path, is_there in there.items() if not is_there)
    what = f"{missing} of {missing + sum(len(clip.frames) for clip in clips)} frames have no file"
    if not clips:
        raise NoUsableSamples(absent.parent, f"{what}, such as {absent.name}")
    ids = {clip.id for clip in clips}
    splits = {split: [clip for clip in listed if clip in ids] for split, listed in footage.splits.items()}
    return Footage(clips, splits, footage.left_out, (*footage.notes, f"{what}, such as {absent}; left out"))
