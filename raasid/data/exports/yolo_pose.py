"""YOLO pose: persons with their 17 keypoints; persons without keypoints have all of them unlabelled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from raasid.data.exports.yolo_files import clipped, write_set
from raasid.data.footage import Footage
from raasid.data.keypoints import COUNT, FLIPPED
from raasid.data.records import Frame


def write(footage: Footage, folder: Path) -> int:
    """Write every person that is no crowd; see `yolo_files.write_set`."""
    extra = {"kpt_shape": [COUNT, 3], "flip_idx": list(FLIPPED)}
    return write_set(footage, folder, ["person"], _rows, extra)


def _rows(frame: Frame) -> Iterator[str]:
    for person in frame.persons:
        box = clipped(frame, *person.box)
        if box is None or person.crowd:
            continue
        points = person.keypoints or ((0.0, 0.0, 0),) * COUNT
        yield " ".join([f"0 {box}", *(_point(frame, *point) for point in points)])


def _point(frame: Frame, x: float, y: float, visibility: int) -> str:
    inside = 0 <= x <= frame.width and 0 <= y <= frame.height
    if not visibility or not inside:
        return "0 0 0"
    return f"{x / frame.width:.8f} {y / frame.height:.8f} {visibility}"
