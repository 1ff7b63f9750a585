"""Readers: one module per format that users have, each giving `Footage`.

A new format is one module with a `read` function, and one row in `FORMATS`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from raasid.footage.records import Footage

FORMATS = {
    "yolo": "raasid.footage.formats.yolo",
    "roboflow_csv": "raasid.footage.formats.roboflow_csv",
    "mvfoul": "raasid.footage.formats.mvfoul",
    "ball_action": "raasid.footage.formats.ball_action",
    "dfl": "raasid.footage.formats.dfl",
    "tracknet": "raasid.footage.formats.tracknet",
    "origin": "raasid.footage.formats.legacy_raasid",
    "coco": "raasid.footage.formats.coco",
    "soccernet_tracking": "raasid.footage.formats.soccernet_tracking",
    "gsr": "raasid.footage.formats.soccernet_gsr",
    "cvat": "raasid.footage.formats.cvat",
    "labelstudio": "raasid.footage.formats.labelstudio",
    "issia": "raasid.footage.formats.issia",
}
"""Format name -> the module whose `read` reads it; imported when asked for."""


class Reader(Protocol):
    """Reads a data root; bad samples go to `Footage.quarantine`, and the good part still loads.

    Raises `DataRootMissing` when the root is not there, `NoUsableSamples` when nothing could be read.
    """

    def __call__(self, root: Path, **options: Any) -> Footage:
        """Read everything below `root`; the options are the format's own."""
        ...


def reader(name: str) -> Reader:
    """Return the reader of a format; a name that is not in `FORMATS` is a KeyError."""
    return cast("Reader", import_module(FORMATS[name]).read)
