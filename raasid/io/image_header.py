"""Whether an image file is whole and how large it is, without decoding it.

OpenCV decodes a truncated JPEG without complaint and paints the missing part grey; a net would learn
that grey. So the end of every file is looked at before it may be a sample.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import cv2
from PIL import Image, UnidentifiedImageError

from raasid.errors import DataError

MAX_PIXELS = 100_000_000
"""A larger image is a mistake or an attack on the memory; football is filmed at 8 Mpixel."""

_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ORIENTATION = 0x0112


class ImageUnreadable(DataError):
    """An image that is missing, torn, absurdly large, or no image at all."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; replace the file or take it out of the data root")
        self.path = path
        self.reason = reason
        """`what: value seen`, as `LeftOut.reason` wants it."""

    def __reduce__(self) -> tuple[type[ImageUnreadable], tuple[Path, str]]:
        return type(self), (self.path, self.reason)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the header says; width and height in pixels as `cv2.imread` gives them (EXIF turn applied)."""

    width: int
    height: int
    format: Literal["jpeg", "png", "other"]
    """By content, whatever the file is called."""


def probe_image(path: Path) -> ImageHeader:
    """Look at the head and the tail of an image file.

    A healthy JPEG or PNG is not decoded; one whose tail is odd (data behind the end marker, or no end
    marker) is decoded once to decide, and so is every file of another format.
    Raises ImageUnreadable. Sources: ITU-T T.81 annex B (JPEG), W3C PNG §5, CIPA DC-008 (EXIF).
    """
    try:
        with path.open("rb") as file:
            head = file.read(26)
            if not head:
                raise ImageUnreadable(path, "zero bytes: the file is empty")
            if head.startswith(_JPEG):
                return _probe_jpeg(path, file)
            if head.startswith(_PNG):
                return _probe_png(path, file)
    except FileNotFoundError as error:
        raise ImageUnreadable(path, "missing: no such file") from error
    except OSError as error:
        raise ImageUnreadable(path, f"cannot be opened: {error.strerror}") from error
    return _probe_other(path)


def _probe_jpeg(path: Path, file: BinaryIO) -> ImageHeader:
    turned, size = False, None
    file.seek(2)
    while size is None:
        marker = file.read(2)
        if len(marker) < 2:
            raise ImageUnreadable(path, f"truncated JPEG: it ends in its header, after {file.tell()} bytes")
        if marker[0] != 0xFF:
            raise ImageUnreadable(path, f"damaged JPEG: no marker at byte {file.tell() - 2}")
        if marker[1] == 0xFF:  # a fill byte: the marker starts one byte later
            file.seek(-1, io.SEEK_CUR)
            continue
        if marker[1] in _STANDALONE:
            continue
        length = int.from_bytes(file.read(2), "big") - 2
        if marker[1] in _START_OF_FRAME:
            frame = file.read(5)
            if len(frame) < 5:
                raise ImageUnreadable(
                    path, f"truncated JPEG: it ends in its header, after {file.tell()} bytes"
                )
            size = struct.unpack(">xHH", frame)
        elif marker[1] in (0xD9, 0xDA) or length < 0:
            raise ImageUnreadable(path, "damaged JPEG: it has no frame header before its data")
        elif marker[1] == 0xE1 and not turned:
            segment = file.read(length)
            turned = segment.startswith(b"Exif\x00\x00") and _turns(segment[6:])
        else:
            file.seek(length, io.SEEK_CUR)
    height, width = size
    _check_size(path, width, height)
    scans = file.tell()
    file.seek(-2, io.SEEK_END)
    if file.read(2) != _JPEG_END:
        file.seek(scans)
        # A download that stopped may be filled up with zeros, which decode to grey without complaint.
        if _JPEG_END not in file.read():
            raise ImageUnreadable(path, f"truncated JPEG: no end marker in its {file.tell()} bytes")
        _decode(path, "JPEG")
    return ImageHeader(height, width, "jpeg") if turned else ImageHeader(width, height, "jpeg")


def _probe_png(path: Path, file: BinaryIO) -> ImageHeader:
    file.seek(8)
    turned, size = False, None
    while len(chunk := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", chunk)
        if kind == b"IHDR":
            body = file.read(length) if length == 13 else b""
            if len(body) < 13 or zlib.crc32(kind + body) != int.from_bytes(file.read(4), "big"):
                raise ImageUnreadable(path, "damaged PNG: the checksum of its header is wrong")
            size = struct.unpack(">II", body[:8])
            _check_size(path, *size)
        elif kind == b"eXIf" and length < 1 << 20:
            turned = _turns(file.read(length))
            file.seek(4, io.SEEK_CUR)
        elif kind == b"IDAT" or size is None:
            break
        else:
            file.seek(length + 4, io.SEEK_CUR)
    if size is None:
        raise ImageUnreadable(path, "damaged PNG: it has no header chunk")
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - len(_PNG_END)))
    if file.read() != _PNG_END:
        _decode(path, "PNG")
    width, height = size
    return ImageHeader(height, width, "png") if turned else ImageHeader(width, height, "png")


def _probe_other(path: Path) -> ImageHeader:
    try:
        with Image.open(path) as image:
            name = image.format or "image"
            _check_size(path, *image.size)
    except Image.DecompressionBombError as error:
        raise ImageUnreadable(path, f"absurd size: {error}") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ImageUnreadable(path, f"not an image: it starts with {_start(path)!r}") from error
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ImageUnreadable(path, f"truncated or damaged {name}: OpenCV cannot decode it")
    return ImageHeader(pixels.shape[1], pixels.shape[0], "other")


def _decode(path: Path, name: str) -> None:
    """Decode a file whose tail is odd; Pillow, unlike OpenCV, says when the data stop early."""
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, ValueError, SyntaxError) as error:
        size = path.stat().st_size
        raise ImageUnreadable(path, f"truncated {name}: {size} bytes; {error}") from error


def _check_size(path: Path, width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ImageUnreadable(
            path, f"absurd size: {width}x{height} pixels; the limit is {MAX_PIXELS:,} in all"
        )


def _turns(exif: bytes) -> bool:
    """Whether a TIFF-like EXIF block says that rows are columns (orientation 5 to 8)."""
    order: Literal["little", "big"] = "little" if exif[:2] == b"II" else "big"
    start = int.from_bytes(exif[4:8], order)
    for entry in range(int.from_bytes(exif[start : start + 2], order)):
        field = exif[start + 2 + 12 * entry : start + 14 + 12 * entry]
        if int.from_bytes(field[:2], order) == _ORIENTATION:
            return 5 <= int.from_bytes(field[8:10], order) <= 8
    return False


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)
