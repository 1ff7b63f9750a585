"""Exporters: footage in the formats of other tools.

A new format is one function and one row in `FORMATS`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

from raasid.footage.records import Footage
from raasid.lazy import load_object

FORMATS = {
    "coco": "raasid.footage.formats.coco_native:write_coco",
    "cvat": "raasid.footage.formats.cvat_export:write_cvat",
    "yolo_detect": "raasid.footage.formats.yolo_export:write_detect",
    "yolo_pose": "raasid.footage.formats.yolo_export:write_pose",
}
"""Format name -> the function that writes it, imported when it is asked for."""


class Writer(Protocol):
    """Writes footage into a new folder; raises ExportRefused for a folder that holds something already."""

    def __call__(self, footage: Footage, folder: Path) -> int:
        """Return how many frames were written; those whose pixels cannot be read are left out."""
        ...


def writer(name: str) -> Writer:
    """Return the writer of a format; a name that is not in `FORMATS` is a KeyError."""
    return cast("Writer", load_object(FORMATS[name]))
