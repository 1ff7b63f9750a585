"""Safetensors files, valid and invalid, written without the library that reads them."""

from __future__ import annotations

import json
import struct


def with_header(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def tensor_file(weights: bytes = b"\x00\x00\x80?") -> bytes:
    """Return a file with one tensor `weight` of bytes."""
    entry = {"dtype": "U8", "shape": [len(weights)], "data_offsets": [0, len(weights)]}
    return with_header(json.dumps({"weight": entry}).encode(), weights)
