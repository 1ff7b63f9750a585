"""The header of a safetensors file, believed only after it was checked, and read only after it was measured.

Source: the format's description in the safetensors project, and what its reader refuses.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from raasid.registry.errors import PackageRefused
from raasid.registry.package.json_text import parsed

LONGEST_HEADER = 2 << 20
"""Bytes; some 20,000 tensors. The format's own limit is fifty times that."""
MOST_VALUES = 200_000
MOST_AXES = 16
LARGEST = 1 << 48
"""Bytes of a tensor."""
BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64"), 8),
}
"""By type; those that both the format and torch have."""


class Layout(NamedTuple):
    """Where a tensor lies behind the header, and what it is."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def check_safetensors(source: Path | bytes, member: str = "model.safetensors") -> dict[str, Layout]:
    """What a file holds, by the tensors' names; its data are not read. Raises PackageRefused, OSError."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            return layouts(file, member)
    return layouts(io.BytesIO(source), member)


def layouts(file: BinaryIO, member: str) -> dict[str, Layout]:
    """The same of an open file."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size < 10:
        raise PackageRefused(member, f"{size} bytes are no safetensors file")
    length = int.from_bytes(file.read(8), "little")
    if length > size - 8:
        raise PackageRefused(
            member, f"is no safetensors file, or cut short: a header of {length} bytes in a file of {size}"
        )
    if length > LONGEST_HEADER:
        raise PackageRefused(
            member, f"its header has {length} bytes; {LONGEST_HEADER} are enough for 20,000 tensors"
        )
    header = file.read(length)
    if not header.startswith(b"{"):
        raise PackageRefused(member, "is no safetensors file: its header does not begin with {")
    try:
        told = parsed(header, MOST_VALUES, _natural)
        found = _layouts(told)
        _no_gaps(found, size - 8 - length)
    except ValueError as error:
        raise PackageRefused(member, f"its header {error}") from error
    return found


def _layouts(told: dict[str, Any]) -> dict[str, Layout]:
    notes = told.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(value, str) for value in notes.values()):
        raise ValueError("holds a __metadata__ that is not a table of texts")
    return {name: _layout(name[:80], entry) for name, entry in told.items()}


def _layout(name: str, entry: Any) -> Layout:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"describes {name!r} by something other than dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BYTES:
        raise ValueError(f"gives {name!r} the type {str(dtype)[:20]!r}; known are {', '.join(sorted(BYTES))}")
    if not _naturals(shape) or len(shape) > MOST_AXES:
        raise ValueError(f"gives {name!r} a shape that is none")
    if not _naturals(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"gives {name!r} data_offsets that are not a begin and an end")
    bound = BYTES[dtype]
    for edge in shape:
        bound *= max(edge, 1)  # also beside a 0: readers multiply in 64 bits
        if bound > LARGEST:
            raise ValueError(f"gives {name!r} more than {LARGEST} bytes")
    needed = 0 if 0 in shape else bound
    begin, end = offsets
    if end - begin != needed:
        raise ValueError(f"gives {name!r} {end - begin} bytes, but {dtype} {shape} takes {needed}")
    return Layout(dtype, tuple(shape), begin, end)


def _no_gaps(found: dict[str, Layout], size: int) -> None:
    at = 0
    for name, layout in sorted(found.items(), key=lambda item: (item[1].begin, item[1].end)):
        if layout.begin != at:
            kind = "overlaps another tensor" if layout.begin < at else "leaves a gap before it"
            raise ValueError(f"gives {name[:80]!r} a place that {kind}")
        at = layout.end
    if at != size:
        raise ValueError(f"describes {at} bytes of tensors; {size} are there")


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int for item in value)


def _natural(text: str) -> int:
    if text.startswith("-") or len(text) > 19:
        raise ValueError(f"holds the number {text[:40]}, which is no size")
    return int(text)
