"""Footage in the formats of other tools: one module per format, each with a `write` function.

A new format is one module and one row in `FORMATS`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from raasid.data.footage import Footage

FORMATS = {
    "coco": "raasid.data.exports.coco",
    "cvat": "raasid.data.exports.cvat",
    "yolo_detect": "raasid.data.exports.yolo_detect",
    "yolo_pose": "raasid.data.exports.yolo_pose",
}
"""Format name -> the module whose `write` writes it; imported when asked for."""


class Writer(Protocol):
    """Writes footage into a new folder; raises ExportRefused for a folder that holds something already."""

    def __call__(self, footage: Footage, folder: Path) -> int:
        """Return how many frames were written; those whose pixels cannot be read are left out."""
        ...


def writer(name: str) -> Writer:
    """Return the writer of a format; a name that is not in `FORMATS` is a KeyError."""
    return cast("Writer", import_module(FORMATS[name]).write)
