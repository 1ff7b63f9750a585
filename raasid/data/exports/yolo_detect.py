"""YOLO detection: the ball and the persons by role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from raasid.data.exports.yolo_files import clipped, write_set
from raasid.data.footage import Footage
from raasid.data.records import Frame

NAMES = ("ball", "player", "goalkeeper", "referee", "other")


def write(footage: Footage, folder: Path) -> int:
    """Write every visible ball with a size, and every person; see `yolo_files.write_set`."""
    return write_set(footage, folder, NAMES, _rows, {})


def _rows(frame: Frame) -> Iterator[str]:
    for ball in frame.balls:
        if ball.visible and (box := clipped(frame, ball.x - ball.w / 2, ball.y - ball.h / 2, ball.w, ball.h)):
            yield f"{NAMES.index('ball')} {box}"
    for person in frame.persons:
        if box := clipped(frame, *person.box):
            yield f"{NAMES.index(person.role)} {box}"
