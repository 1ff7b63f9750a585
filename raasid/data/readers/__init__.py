"""Readers: one module per format that users have, each giving `Footage`.

A new format is one module with a `read` function, and one row in `FORMATS`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from raasid.data.footage import Footage

FORMATS = {
    "yolo": "raasid.data.readers.yolo",
    "roboflow_csv": "raasid.data.readers.roboflow_csv",
    "mvfoul": "raasid.data.readers.mvfoul",
    "ball_action": "raasid.data.readers.ball_action",
    "dfl": "raasid.data.readers.dfl",
    "tracknet": "raasid.data.readers.tracknet",
    "origin": "raasid.data.readers.origin",
    "coco": "raasid.data.readers.coco",
    "soccernet_tracking": "raasid.data.readers.soccernet_tracking",
    "gsr": "raasid.data.readers.gsr",
    "cvat": "raasid.data.readers.cvat",
    "labelstudio": "raasid.data.readers.labelstudio",
    "issia": "raasid.data.readers.issia",
}
"""Format name -> the module whose `read` reads it; imported when asked for."""


class Reader(Protocol):
    """Reads a data root; bad samples go to `Footage.left_out`, and the good part still loads.

    Raises `DataRootMissing` when the root is not there, `NoUsableSamples` when nothing could be read.
    """

    def __call__(self, root: Path, **options: Any) -> Footage:
        """Read everything below `root`; the options are the format's own."""
        ...


def reader(name: str) -> Reader:
    """Return the reader of a format; a name that is not in `FORMATS` is a KeyError."""
    return cast("Reader", import_module(FORMATS[name]).read)
