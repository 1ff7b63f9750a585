"""Video files and streams: the header, and the frames one after the other."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from raasid.errors import DataError
from raasid.io.image_reader import MAX_PIXELS, Image, opencv_name

VIDEO_SUFFIXES = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm"}
DEFAULT_FRAME_RATE_HZ = 25.0
_MAX_FRAME_RATE_HZ = 480.0
_TIMEOUT_MS = 10_000
_MAX_EDGE_PX = 100_000
_MAX_STATED_RATE_HZ = 1000.0
_MAX_FRAMES = 10_000_000


class VideoUnreadable(DataError):
    """A video that cannot be opened, or whose header or frames cannot be used."""

    def __init__(self, source: str | Path, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.reason = reason
        """`what: value seen`, as in `RejectedSample.reason`."""


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """Properties that the container states; width and height in pixels, with its rotation applied."""

    width: int
    height: int
    frame_rate_hz: float
    num_frames: int
    """0 where the container does not state it, as in streams; often wrong by a frame or two."""
    codec: str
    bit_rate_kbps: float
    rotation_deg: int


def probe_video(path: Path) -> VideoHeader:
    """Return the header of a video file exactly as stated, without decoding anything.

    Raises VideoUnreadable, also for a size, frame rate or number of frames that no video has.
    """
    capture = cv2.VideoCapture(opencv_name(path))
    try:
        if not capture.isOpened():
            raise VideoUnreadable(path, f"no video: OpenCV cannot open its {path.stat().st_size} bytes")
        width, height, rate, frames = (
            float(capture.get(prop))
            for prop in (
                cv2.CAP_PROP_FRAME_WIDTH,
                cv2.CAP_PROP_FRAME_HEIGHT,
                cv2.CAP_PROP_FPS,
                cv2.CAP_PROP_FRAME_COUNT,
            )
        )
        codec, bit_rate, rotation = _details(capture)
    except OSError as error:
        raise VideoUnreadable(path, f"cannot be read: {error.strerror}") from error
    finally:
        capture.release()
    if not (0 < width <= _MAX_EDGE_PX and 0 < height <= _MAX_EDGE_PX):
        raise VideoUnreadable(path, f"absurd size: {width:g}x{height:g} pixels")
    if not (math.isfinite(rate) and 0 < rate <= _MAX_STATED_RATE_HZ):
        raise VideoUnreadable(path, f"absurd frame rate: {rate:g} Hz")
    if not 0 < frames <= _MAX_FRAMES:
        raise VideoUnreadable(path, f"absurd number of frames: {frames:g}")
    return VideoHeader(int(width), int(height), rate, int(frames), codec, bit_rate, rotation)


class VideoReader:
    """Decodes a video file or stream forward; a context manager that closes it.

    Unlike `probe_video` its header has usable values throughout: the default frame rate where the container
    states none that is plausible.
    Raises VideoUnreadable if the video cannot be opened.
    """

    def __init__(self, source: str) -> None:
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # errors are reported once, by our exceptions
        options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        self._capture = cv2.VideoCapture(opencv_name(source.removeprefix("file://")), cv2.CAP_FFMPEG, options)
        if not self._capture.isOpened():
            raise VideoUnreadable(
                source, "no video: it cannot be opened; it is truncated, empty or of another type"
            )
        self.header = self._header()
        self.num_decoded = 0
        if self.header.width * self.header.height > MAX_PIXELS:
            self.close()
            size = f"{self.header.width}x{self.header.height}"
            raise VideoUnreadable(source, f"absurd size: {size} pixels; the limit is {MAX_PIXELS:,} in all")

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file or stream."""
        self._capture.release()

    def frames(self) -> Iterator[Image]:
        """Yield every frame that can be decoded: (height, width, 3) BGR."""
        while True:
            success, image = self._capture.read()
            if not success or image is None:
                return
            self.num_decoded += 1
            yield np.asarray(image, np.uint8)

    def skip(self, max_frames: int | None = None) -> int:
        """Advance by at most `max_frames` frames (default: to the end) and return how many there were."""
        skipped = 0
        while skipped != max_frames and self._capture.grab():
            skipped += 1
        self.num_decoded += skipped
        return skipped

    def _header(self) -> VideoHeader:
        rate = round(_stated(self._capture, cv2.CAP_PROP_FPS), 3)
        codec, bit_rate, rotation = _details(self._capture)
        return VideoHeader(
            width=int(_stated(self._capture, cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(_stated(self._capture, cv2.CAP_PROP_FRAME_HEIGHT)),
            frame_rate_hz=rate if 0 < rate <= _MAX_FRAME_RATE_HZ else DEFAULT_FRAME_RATE_HZ,
            num_frames=min(int(_stated(self._capture, cv2.CAP_PROP_FRAME_COUNT)), 1 << 40),
            codec=codec,
            bit_rate_kbps=bit_rate,
            rotation_deg=rotation,
        )


def _details(capture: cv2.VideoCapture) -> tuple[str, float, int]:
    """Codec, bit rate in kbit/s, rotation in degrees."""
    letters = int(_stated(capture, cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    codec = letters.decode("ascii", "replace").strip("\x00 ") or "unknown"
    rotation = int(_stated(capture, cv2.CAP_PROP_ORIENTATION_META))
    return codec, _stated(capture, cv2.CAP_PROP_BITRATE), rotation


def _stated(capture: cv2.VideoCapture, prop: int) -> float:
    """Return a property of a video; 0 where it is unknown."""
    value = float(capture.get(prop))
    return value if math.isfinite(value) and value > 0 else 0.0
