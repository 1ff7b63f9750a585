"""Annotations on disk: COCO video JSON beside the frames or the video.

`videos`, `images`, `annotations` and `categories` are as in COCO and its video extensions, so that
pycocotools, FiftyOne and CVAT read the file. Every entry is on a line of its own: a large file is written and
read without being in memory as a whole, and `diff` compares two versions.
Sources: COCO data format (cocodataset.org), TAO and YouTube-VIS for videos.
"""

from __future__ import annotations

import gc
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from raasid.errors import DataError
from raasid.footage import coco_encoder
from raasid.footage.coco_decoder import Decoder
from raasid.footage.coco_encoder import CATEGORIES, FORMAT_VERSION, INFO, Json
from raasid.footage.records import Clip
from raasid.io.atomic import atomic_path

FILE_NAME = "annotations.json"
_BUFFER_BYTES = 1 << 16


class AnnotationsUnreadable(DataError):
    """An annotation file that is missing, truncated, or not in our format."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


def write(clips: Sequence[Clip], folder: Path, name: str = FILE_NAME) -> Path:
    """Write the clips' annotations to `folder / name`, atomically; return the file.

    Media are named relative to `folder`; relative paths are taken to be relative to it already.
    Raises AnnotationsUnreadable if a frame's file lies outside `folder`, or a number is not finite.
    """
    path = folder / name
    is_new = not folder.exists()
    try:
        with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            _dump(clips, folder, file)
    except ValueError as error:
        if is_new:
            folder.rmdir()
        raise AnnotationsUnreadable(path, f"cannot be written: {error}; correct that record") from error
    return path


def read(
    folder: Path, name: str = FILE_NAME, media_inside: bool = True, sha256: str | None = None
) -> list[Clip]:
    """Return the clips as they were written, in order; paths of media start with `folder`.

    media_inside: refuse paths that lead out of `folder`; False for our own files about media elsewhere.
    sha256: what the bytes must have that are read.
    Raises AnnotationsUnreadable if the file is missing, is no JSON, lacks what a clip needs, has a value
    that no record can have, or was changed.
    """
    path = folder / name
    try:
        with path.open("rb", buffering=0) as raw, _paused_gc():
            digesting = _DigestingReader(raw)
            file = io.TextIOWrapper(io.BufferedReader(digesting, _BUFFER_BYTES), encoding="utf-8")
            parts = _parts(file)
            version = parts["info"]["raasid"]["format"]
            if version != FORMAT_VERSION:
                raise ValueError(f"format {version}, expected {FORMAT_VERSION}")
            decoder = Decoder(folder, media_inside)
            clips = decoder.clips(parts["videos"], parts["images"], parts["annotations"])
            while file.read(_BUFFER_BYTES):
                pass
            found = digesting.sha256.hexdigest()
            if sha256 is not None and found != sha256:
                raise AnnotationsUnreadable(
                    path, f"changed since it was stored: SHA-256 {found[:12]}, expected {sha256[:12]}"
                )
            return clips
    except OSError as error:
        raise AnnotationsUnreadable(path, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise AnnotationsUnreadable(path, f"is not what `write` leaves: {error}; write it again") from error
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise AnnotationsUnreadable(
            path, f"lacks {error}; only files that `write` made can be read"
        ) from error


class _DigestingReader(io.RawIOBase):
    """A file that digests the bytes that are read from it."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw, self.sha256 = raw, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer)
        self.sha256.update(memoryview(buffer)[:count])
        return count


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
def _paused_gc() -> Iterator[None]:
    """Pause the garbage collector: records have no cycles, and its passes take half the decoding time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def _parts(file: TextIO) -> dict[str, Any]:
    """The file's top-level keys; its lists as iterators that must be exhausted in the order of the file."""
    first = file.readline()
    if not (first.startswith('{"info":') and first.endswith("},\n")):
        document = _decode(first + file.read())  # another program has saved it, with other line breaks
        if not isinstance(document, dict):
            raise TypeError("an object at the top")
        return document
    parts: dict[str, Any] = _decode(first.rstrip(",\n") + "}")
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
        yield _decode(line.rstrip(",\n"))
    raise ValueError(f"the list of {key} has no end")
