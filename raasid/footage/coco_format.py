"""Annotations on disk: COCO video JSON beside the frames or the video.

`videos`, `images`, `annotations` and `categories` are as COCO and its video offspring have them, so that
pycocotools, FiftyOne and CVAT read the file. Every entry stands on a line of its own: so a large file is
written and read without ever being in memory as a whole, and two versions can be compared by `diff`.
Sources: COCO data format (cocodataset.org), TAO and YouTube-VIS for videos.
"""

from __future__ import annotations

import gc
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from raasid.errors import DataError
from raasid.footage import coco_encoder
from raasid.footage.coco_decoder import Decoder
from raasid.footage.coco_encoder import CATEGORIES, FORMAT_VERSION, INFO, Json
from raasid.footage.records import Clip

FILE_NAME = "annotations.json"


class AnnotationsUnreadable(DataError):
    """A file of annotations that is missing, torn, or not ours."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


def write(clips: Sequence[Clip], folder: Path, name: str = FILE_NAME) -> Path:
    """Write the clips' annotations to `folder / name`, whole or not at all; return the file.

    Media are named relative to `folder`; relative paths are taken to be so already.

    Raises
    ------
    AnnotationsUnreadable
        A frame's file lies outside `folder`, or a number is not finite.
    """
    path = folder / name
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.{secrets.token_hex(6)}"
    try:
        with draft.open("x", encoding="utf-8") as file:
            try:
                _dump(clips, folder, file)
            except ValueError as reason:
                if is_new:
                    draft.unlink()
                    folder.rmdir()
                complaint = f"cannot be written: {reason}; correct that record"
                raise AnnotationsUnreadable(path, complaint) from reason
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def read(folder: Path, name: str = FILE_NAME) -> list[Clip]:
    """Clips as they were written, in order; paths of media start with `folder`.

    Raises
    ------
    AnnotationsUnreadable
        The file is missing, is not JSON, or lacks what a clip needs.
    """
    path = folder / name
    try:
        with path.open(encoding="utf-8") as file, _no_cycles_sought():
            parts = _parts(file)
            version = parts["info"]["raasid"]["format"]
            if version != FORMAT_VERSION:
                raise ValueError(f"format {version}, expected {FORMAT_VERSION}")
            return Decoder(folder).clips(parts["videos"], parts["images"], parts["annotations"])
    except OSError as reason:
        raise AnnotationsUnreadable(path, f"cannot be read: {reason.strerror}") from reason
    except (ValueError, RecursionError) as reason:
        raise AnnotationsUnreadable(path, f"is not what `write` leaves: {reason}; write it again") from reason
    except (KeyError, TypeError, IndexError, AttributeError) as reason:
        raise AnnotationsUnreadable(
            path, f"lacks {reason}; only files that `write` made can be read"
        ) from reason


def _dump(clips: Sequence[Clip], folder: Path, file: TextIO) -> None:
    file.write(f'{{"info":{_line(INFO)},\n')
    for key, entries in (
        ("videos", coco_encoder.video_entries(clips)),
        ("images", coco_encoder.image_entries(clips, folder)),
        ("annotations", coco_encoder.annotation_entries(clips)),
    ):
        _dump_list(key, entries, file)
        file.write(",\n")
    _dump_list("categories", CATEGORIES, file)
    file.write("}\n")


def _dump_list(key: str, entries: Iterable[Json], file: TextIO) -> None:
    file.write(f'"{key}":[')
    for number, entry in enumerate(entries):
        file.write(",\n" if number else "\n")
        file.write(_line(entry))
    file.write("\n]")


def _line(entry: Json) -> str:
    return json.dumps(entry, separators=(",", ":"), allow_nan=False)


@contextmanager
def _no_cycles_sought() -> Iterator[None]:
    """Records hold no cycles: to look for some again and again adds half to the time of reading a million."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _parts(file: TextIO) -> dict[str, Any]:
    """The file's top-level keys; its lists as iterators that must be used up in the order of the file."""
    first = file.readline()
    if not (first.startswith('{"info":') and first.endswith("},\n")):
        whole = json.loads(first + file.read())  # somebody has saved it anew, in another form
        if not isinstance(whole, dict):
            raise TypeError("an object at the top")
        return whole
    parts: dict[str, Any] = json.loads(first.rstrip(",\n") + "}")
    return parts | {key: _entries(key, file) for key in ("videos", "images", "annotations")}


def _entries(key: str, file: TextIO) -> Iterator[Json]:
    opening = file.readline()
    if opening != f'"{key}":[\n':
        raise ValueError(f"expected the list of {key}, found {opening[:40]!r}")
    for line in file:
        if line.startswith("]"):
            return
        if line == "\n":  # an empty list
            continue
        yield json.loads(line.rstrip(",\n"))
    raise ValueError(f"the list of {key} has no end")
