"""Image files: size and completeness from the header and the last bytes, and the pixels.

OpenCV decodes a truncated JPEG without complaint and paints the missing part grey; a net would learn that
grey. So the end of every file is checked before it can become a sample.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from raasid.errors import DataError

Image = NDArray[np.uint8]
"""(height, width, 3) pixels, BGR as OpenCV has them."""

MAX_PIXELS = 100_000_000
"""A larger image is a mistake or an attack on the memory; football is filmed at 8 Mpixel."""

_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"
_ORIENTATION = 0x0112
_DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, struct.error, zlib.error
)  # fmt: skip
"""What Pillow raises for damaged files."""


class ImageUnreadable(DataError):
    """An image that is missing, truncated, absurdly large, or no image at all."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; replace the file or take it out of the data root")
        self.path = path
        self.reason = reason
        """`what: value seen`, as in `RejectedSample.reason`."""

    def __reduce__(self) -> tuple[type[ImageUnreadable], tuple[Path, str]]:
        return type(self), (self.path, self.reason)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Width and height in pixels as `cv2.imread` returns them, with the EXIF orientation applied."""

    width: int
    height: int
    format: Literal["jpeg", "png", "other"]
    """By content, not by file name."""


def opencv_name(path: str | Path) -> str:
    """Return a file name as OpenCV takes it safely: as bytes, which its stubs call a string.

    OpenCV 5 ends the process (SIGSEGV) on a string that is not UTF-8.
    """
    return cast("str", os.fsencode(path))


def probe_image(path: Path) -> ImageHeader:
    """Return the header of a complete image file.

    A JPEG or PNG that ends with its end marker is not decoded; one with anything else at its end is decoded
    once to decide, and so is every file of another format.
    Raises ImageUnreadable. Sources: ITU-T T.81 annex B (JPEG), W3C PNG §5, CIPA DC-008 (EXIF).
    """
    try:
        with path.open("rb") as file:
            start = file.read(24)
            file.seek(0)
            if not start:
                raise ImageUnreadable(path, "zero bytes: the file is empty")
            if start.startswith(_JPEG):
                return _probe_jpeg(path, file)
            if start.startswith(_PNG):
                if start[12:16] == b"IHDR":  # Pillow would read on to the pixels before it returns the size
                    _check_size(path, *struct.unpack(">II", start[16:].ljust(8, b"\1")))
                return _probe_png(path, file)
    except FileNotFoundError as error:
        raise ImageUnreadable(path, "missing: no such file") from error
    except OSError as error:
        raise ImageUnreadable(path, f"cannot be opened: {error.strerror}") from error
    return _probe_other(path, start[:8])


def read_image(path: Path) -> Image:
    """Decode a complete image file to (height, width, 3) BGR; raises ImageUnreadable."""
    probe_image(path)
    pixels = cv2.imread(opencv_name(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ImageUnreadable(path, "cannot be decoded")
    return np.asarray(pixels, np.uint8)


def _probe_jpeg(path: Path, file: BinaryIO) -> ImageHeader:
    image = _open(path, file, JpegImageFile, "JPEG")
    data_start = file.tell()
    if _last_bytes(file, len(_JPEG_END)) != _JPEG_END:
        file.seek(data_start)
        # A download that stopped may be filled up with zeros, which decode to grey without complaint.
        if _JPEG_END not in file.read():
            raise ImageUnreadable(path, f"truncated JPEG: no end marker in its {file.tell()} bytes")
        _decode(path, image, "JPEG")
    return ImageHeader(*_oriented_size(image), "jpeg")


def _probe_png(path: Path, file: BinaryIO) -> ImageHeader:
    image = _open(path, file, PngImageFile, "PNG")
    data_start = file.tell()
    if _last_bytes(file, len(_PNG_END)) != _PNG_END:
        file.seek(data_start)
        _decode(path, image, "PNG")
    return ImageHeader(*_oriented_size(image), "png")


def _open(path: Path, file: BinaryIO, reader: type[ImageFile], name: str) -> ImageFile:
    """Read the header with Pillow's reader of one format; the file then stands where the pixels start."""
    try:
        image = reader(file)
    except _DAMAGED as error:
        size = file.tell()
        if not file.read(1):
            reason = f"truncated {name}: it ends in its header, after {size} bytes"
        else:
            reason = f"damaged {name}: {error}"
        raise ImageUnreadable(path, reason) from error
    _check_size(path, *image.size)
    return image


def _oriented_size(image: ImageFile) -> tuple[int, int]:
    """Width and height of an image; its orientations 5 to 8 swap them.

    OpenCV obeys the EXIF block alone, so `getexif`, which asks XMP and text chunks as well, is not used.
    """
    exif = PillowImage.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        is_transposed = exif.get(_ORIENTATION) in range(5, 9)
    except _DAMAGED:
        is_transposed = False
    width, height = image.size
    return (height, width) if is_transposed else (width, height)


def _probe_other(path: Path, start: bytes) -> ImageHeader:
    try:
        with PillowImage.open(path) as image:
            name = image.format or "image"
            _check_size(path, *image.size)
    except PillowImage.DecompressionBombError as error:
        raise ImageUnreadable(path, f"absurd size: {error}") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ImageUnreadable(path, f"not an image: it starts with {start!r}") from error
    pixels = cv2.imread(opencv_name(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ImageUnreadable(path, f"truncated or damaged {name}: OpenCV cannot decode it")
    return ImageHeader(pixels.shape[1], pixels.shape[0], "other")


def _decode(path: Path, image: ImageFile, name: str) -> None:
    """Decode all pixels; Pillow, unlike OpenCV, reports data that stop early."""
    try:
        image.load()
    except _DAMAGED as error:
        size = path.stat().st_size
        raise ImageUnreadable(path, f"truncated {name}: {size} bytes; {error}") from error


def _check_size(path: Path, width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ImageUnreadable(
            path, f"absurd size: {width}x{height} pixels; the limit is {MAX_PIXELS:,} in all"
        )


def _last_bytes(file: BinaryIO, count: int) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - count))
    return file.read()
