"""Exports YOLO detection sets (the ball and persons by role) and pose sets (persons with 17 keypoints)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from raasid.footage.formats.export_media import export_frames
from raasid.footage.keypoints import FLIP_INDICES, NUM_KEYPOINTS
from raasid.footage.records import Footage, Frame
from raasid.io.atomic import make_folder, write_synced


def write_set(
    footage: Footage,
    folder: Path,
    names: Sequence[str],
    rows: Callable[[Frame], Iterator[str]],
    extra: dict[str, Any],
) -> int:
    """Write a YOLO set; return the number of images.

    rows: label lines of a frame. extra: further keys of data.yaml. `scenes.json` keeps the match of each
    image, which the format itself has no place for: splits by match stay possible.
    Source: Ultralytics dataset documentation.
    """
    scenes: dict[str, str] = {}
    splits: set[str] = set()
    for placed in export_frames(footage, folder, "images/{split}"):
        label = (folder / "labels" / placed.split / placed.name).with_suffix(".txt")
        make_folder(label.parent)
        write_synced(label, "".join(f"{row}\n" for row in rows(placed.frame)))
        scenes[placed.name] = placed.clip.match
        splits.add(placed.split)
    named = {"train" if split == "all" else split: f"images/{split}" for split in sorted(splits)}
    sheet = {"path": ".", **named, "names": dict(enumerate(names)), **extra}
    write_synced(folder / "data.yaml", yaml.safe_dump(sheet, sort_keys=False))
    write_synced(folder / "scenes.json", json.dumps(scenes, indent=0))
    return len(scenes)


def clipped(frame: Frame, left: float, top: float, width: float, height: float) -> str | None:
    """`x y w h` of the part of a box that lies in the frame, as fractions; None when nothing does."""
    right, bottom = min(left + width, frame.width), min(top + height, frame.height)
    left, top = max(left, 0.0), max(top, 0.0)
    if right <= left or bottom <= top:
        return None
    x, y = (left + right) / 2 / frame.width, (top + bottom) / 2 / frame.height
    return f"{x:.8f} {y:.8f} {(right - left) / frame.width:.8f} {(bottom - top) / frame.height:.8f}"


NAMES = ("ball", "player", "goalkeeper", "referee", "other")


def write_detect(footage: Footage, folder: Path) -> int:
    """Write every visible ball with a size, and every person; see `write_set`."""
    return write_set(footage, folder, NAMES, _detect_rows, {})


def _detect_rows(frame: Frame) -> Iterator[str]:
    for ball in frame.balls:
        if ball.visible and (box := clipped(frame, ball.x - ball.w / 2, ball.y - ball.h / 2, ball.w, ball.h)):
            yield f"{NAMES.index('ball')} {box}"
    for person in frame.persons:
        if box := clipped(frame, *person.box):
            yield f"{NAMES.index(person.role)} {box}"


def write_pose(footage: Footage, folder: Path) -> int:
    """Write every person that is no crowd; see `write_set`."""
    extra = {"kpt_shape": [NUM_KEYPOINTS, 3], "flip_idx": list(FLIP_INDICES)}
    return write_set(footage, folder, ["person"], _pose_rows, extra)


def _pose_rows(frame: Frame) -> Iterator[str]:
    for person in frame.persons:
        box = clipped(frame, *person.box)
        if box is None or person.crowd:
            continue
        points = person.keypoints or ((0.0, 0.0, 0),) * NUM_KEYPOINTS
        yield " ".join([f"0 {box}", *(_point(frame, *point) for point in points)])


def _point(frame: Frame, x: float, y: float, visibility: int) -> str:
    inside = 0 <= x <= frame.width and 0 <= y <= frame.height
    if not visibility or not inside:
        return "0 0 0"
    return f"{x / frame.width:.8f} {y / frame.height:.8f} {visibility}"
