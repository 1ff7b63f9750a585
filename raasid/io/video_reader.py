"""A video or stream, opened: its facts, and its frames one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from raasid.errors import DataError
from raasid.io.image_header import MAX_PIXELS

Image = NDArray[np.uint8]
"""(H, W, 3) BGR."""

DEFAULT_FRAME_RATE_HZ = 25.0
_FASTEST_HZ = 480.0
_TIMEOUT_MS = 10_000


class VideoUnreadable(DataError):
    """A video of which nothing can be used."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.reason = reason
        """`what: value seen`, as `LeftOut.reason` wants it."""


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """What the container says; frames are decoded with its rotation applied, and so are width and height."""

    width: int
    height: int
    frame_rate_hz: float
    frames_stated: int
    """0 where the container does not say, as streams do."""
    codec: str
    bit_rate_kbps: float
    rotation_deg: int


class VideoReader:
    """Decodes forward; a context manager that closes the file. Raises VideoUnreadable on opening."""

    def __init__(self, place: str) -> None:
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong is told once, in our words
        options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        self._capture = cv2.VideoCapture(place.removeprefix("file://"), cv2.CAP_FFMPEG, options)
        if not self._capture.isOpened():
            raise VideoUnreadable(
                place, "no video: it cannot be opened; it is torn, empty or of another kind"
            )
        self.facts = self._facts()
        self.decoded = 0
        if self.facts.width * self.facts.height > MAX_PIXELS:
            self.close()
            size = f"{self.facts.width}x{self.facts.height}"
            raise VideoUnreadable(place, f"absurd size: {size} pixels; the limit is {MAX_PIXELS:,} in all")

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def frames(self) -> Iterator[Image]:
        """Yield every frame that can be decoded: (height, width, 3) blue-green-red."""
        while True:
            good, image = self._capture.read()
            if not good or image is None:
                return
            self.decoded += 1
            yield np.asarray(image, np.uint8)

    def skip(self, most: int | None = None) -> int:
        """Pass over `most` frames, or all that can be decoded, without their pictures; return how many."""
        passed = 0
        while passed != most and self._capture.grab():
            passed += 1
        self.decoded += passed
        return passed

    def _facts(self) -> VideoHeader:
        def told(prop: int) -> float:
            value = float(self._capture.get(prop))
            return value if np.isfinite(value) and value > 0 else 0.0

        rate = round(told(cv2.CAP_PROP_FPS), 3)
        letters = int(told(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
        return VideoHeader(
            width=int(told(cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(told(cv2.CAP_PROP_FRAME_HEIGHT)),
            frame_rate_hz=rate if 0 < rate <= _FASTEST_HZ else DEFAULT_FRAME_RATE_HZ,
            frames_stated=min(int(told(cv2.CAP_PROP_FRAME_COUNT)), 1 << 40),
            codec=letters.decode("ascii", "replace").strip("\x00 ") or "unknown",
            bit_rate_kbps=told(cv2.CAP_PROP_BITRATE),
            rotation_deg=int(told(cv2.CAP_PROP_ORIENTATION_META)),
        )
