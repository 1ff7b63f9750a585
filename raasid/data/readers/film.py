"""What the header of a video says: size, frame rate, how many frames."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2

from raasid.data.media import VIDEO_SUFFIXES
from raasid.data.readers.checked import LONGEST_EDGE, MOST_FRAMES
from raasid.data.readers.place import first_file
from raasid.errors import DataError


class FilmUnreadable(DataError):
    """A video that OpenCV cannot open, or whose header makes no sense."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; re-encode it, or take it out of the data root")
        self.reason = reason
        """`what: value seen`, as `LeftOut.reason` wants it."""


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """Size in pixels, frames per second, and the number of frames as the container states it."""

    width: int
    height: int
    frame_rate_hz: float
    frames: int


def film_facts(path: Path) -> FilmFacts:
    """Look into a video's header; nothing is decoded. Raises FilmUnreadable."""
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise FilmUnreadable(path, f"no video: OpenCV cannot open its {path.stat().st_size} bytes")
        places = (
            cv2.CAP_PROP_FRAME_WIDTH,
            cv2.CAP_PROP_FRAME_HEIGHT,
            cv2.CAP_PROP_FPS,
            cv2.CAP_PROP_FRAME_COUNT,
        )
        width, height, rate, frames = (float(capture.get(place)) for place in places)
    except OSError as error:
        raise FilmUnreadable(path, f"cannot be read: {error.strerror}") from error
    finally:
        capture.release()
    if not (0 < width <= LONGEST_EDGE and 0 < height <= LONGEST_EDGE):
        raise FilmUnreadable(path, f"absurd size: {width:g}x{height:g} pixels")
    if not (math.isfinite(rate) and 0 < rate <= 1000):
        raise FilmUnreadable(path, f"absurd frame rate: {rate:g} Hz")
    if not 0 < frames <= MOST_FRAMES:
        raise FilmUnreadable(path, f"absurd number of frames: {frames:g}")
    return FilmFacts(int(width), int(height), rate, int(frames))


def film_beside(folders: Iterable[Path], stem: str) -> Path | None:
    """Return the first video called `stem` in any of the folders, whatever its container."""
    return first_file(folder / f"{stem}{suffix}" for folder in folders for suffix in sorted(VIDEO_SUFFIXES))
