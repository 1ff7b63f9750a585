"""A picture is a PNG from its first byte to its last."""

from __future__ import annotations

import io
from typing import BinaryIO

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LARGEST_EDGE = 1 << 14


def check_png(file: BinaryIO) -> None:
    """Raises ValueError: no PNG, cut short, too large to unpack, or with something behind it."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(8) != _SIGNATURE:
        raise ValueError("is no PNG picture")
    at, kind = 8, b""
    while kind != b"IEND":
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or length > size - at - 12:
            raise ValueError("is a PNG picture that was cut short")
        if at == 8:
            _check_edges(kind, file.read(8))
        at += 12 + length
        file.seek(at)
    if at != size:
        raise ValueError(f"has {size - at} bytes behind the end of its picture")


def _check_edges(kind: bytes, start: bytes) -> None:
    width, height = int.from_bytes(start[:4], "big"), int.from_bytes(start[4:], "big")
    if kind != b"IHDR" or not 0 < width <= _LARGEST_EDGE or not 0 < height <= _LARGEST_EDGE:
        raise ValueError(f"is a PNG picture of {width} x {height} pixels; at most {_LARGEST_EDGE} each")
