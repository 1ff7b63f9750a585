"""Videos of a few grey frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def write_video(path: Path, frames: int, rate: float = 25.0, size: tuple[int, int] = (64, 36)) -> Path:
    """Write a video whose frames grow lighter; the suffix selects the container (.mp4, .mkv, .avi)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = "mp4v" if path.suffix == ".mp4" else "MJPG"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), rate, size)
    assert writer.isOpened()
    for number in range(frames):
        writer.write(np.full((size[1], size[0], 3), number % 256, np.uint8))
    writer.release()
    return path
