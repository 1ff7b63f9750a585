"""Annotation formats: readers give `Footage`, exporters write it for other tools.

A new format is a module with a function of the protocol `Reader` or `Exporter`, and a row in the table here.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

from raasid.footage.records import Footage
from raasid.lazy import load_object

IMPORT_FORMATS = {
    "yolo": "raasid.footage.formats.yolo:read",
    "roboflow_csv": "raasid.footage.formats.roboflow_csv:read",
    "mvfoul": "raasid.footage.formats.mvfoul:read",
    "ball_action": "raasid.footage.formats.ball_action:read",
    "dfl": "raasid.footage.formats.dfl:read",
    "tracknet": "raasid.footage.formats.tracknet:read",
    "origin": "raasid.footage.formats.legacy_raasid:read",
    "coco": "raasid.footage.formats.coco:read",
    "soccernet_tracking": "raasid.footage.formats.soccernet_tracking:read",
    "gsr": "raasid.footage.formats.soccernet_gsr:read",
    "cvat": "raasid.footage.formats.cvat:read",
    "labelstudio": "raasid.footage.formats.labelstudio:read",
    "issia": "raasid.footage.formats.issia:read",
}
"""Format name -> its reader, imported on demand."""

EXPORT_FORMATS = {
    "coco": "raasid.footage.formats.coco:write_coco",
    "cvat": "raasid.footage.formats.cvat_export:write_cvat",
    "yolo_detect": "raasid.footage.formats.yolo_export:write_detect",
    "yolo_pose": "raasid.footage.formats.yolo_export:write_pose",
}
"""Format name -> its exporter, imported on demand."""


class Reader(Protocol):
    """Reads a data root; bad samples go to `Footage.quarantine`, and the others still load.

    Raises DataRootMissing if there is no such folder, NoUsableSamples if nothing could be read.
    """

    def __call__(self, root: Path, **options: Any) -> Footage:
        """Read everything below `root`; the options are the format's own."""
        ...


class Exporter(Protocol):
    """Writes footage to a new folder, complete or not at all.

    Raises ExportRefused for a folder that is not empty, NothingExported, DiskFull.
    """

    def __call__(self, footage: Footage, folder: Path) -> int:
        """Return the number of frames written; those with unreadable pixels are left out."""
        ...


def reader(name: str) -> Reader:
    """Return the reader of a format; KeyError for a name that is not in `IMPORT_FORMATS`."""
    return cast("Reader", load_object(IMPORT_FORMATS[name]))


def exporter(name: str) -> Exporter:
    """Return the exporter of a format; KeyError for a name that is not in `EXPORT_FORMATS`."""
    write = load_object(EXPORT_FORMATS[name])
    return partial(load_object("raasid.footage.formats.export_media:export_folder"), write)
