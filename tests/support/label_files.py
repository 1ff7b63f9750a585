"""Small annotation files, and a round trip through the format of the store, for tests of readers."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from raasid.footage import coco_format
from raasid.footage.records import Clip, Footage

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "formats"


def written(path: Path, content: str | bytes | dict[str, Any] | list[Any]) -> Path:
    """Write a text, bytes, or a JSON document to a file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict | list):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_image(path: Path, width: int = 200, height: int = 100) -> Path:
    """Write a grey image and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))
    return path


def stored_and_read(clips: list[Clip], folder: Path) -> list[Clip]:
    """Write clips as the store does and read them back."""
    coco_format.write(clips, folder)
    return coco_format.read(folder)


def reasons(footage: Footage) -> list[tuple[str, int | None, str]]:
    """File, line and reason of every rejected entry."""
    return [(entry.path, entry.line, entry.reason) for entry in footage.quarantine]


def peak_over_size(read: Callable[[Path], Footage], root: Path, small: Path) -> float:
    """Ratio of peak memory while a folder is read to the size of its files; `small` is read first."""
    read(small)  # one-time imports and caches are not part of a read
    tracemalloc.start()
    try:
        footage = read(root)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert footage.clips
    return peak / sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def without_folder(clips: list[Clip], folder: Path) -> list[Clip]:
    """Return the clips with their images named relative to a folder."""
    return [
        replace(
            clip,
            frames=tuple(replace(frame, image=frame.image.relative_to(folder)) for frame in clip.frames),
        )
        for clip in clips
    ]
