"""Which files are taken for a model: by name, by size, and by what is in them, whatever they are called.

JSON from strangers: its depth and number of values are known before anything is made of it.

Text that is nothing but text, and YAML that makes nothing but values.

A picture is a PNG from its first byte to its last.

An ONNX file as it lies on the disk: well formed to its last byte, and with all its weights inside.

A tensor may say that its data are in another file, by any path: whoever loads the graph would read that.
Source: onnx.proto of ONNX (field numbers), the protocol buffers encoding guide (wire format).

Telling a pickle or an archive by its first bytes, without reading it as one.

The header of a safetensors file, believed only after it was checked, and read only after it was measured.

Source: the format's description in the safetensors project, and what its reader refuses.
"""

from __future__ import annotations

import io
import json
import mmap
import pickletools
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, BinaryIO, NamedTuple, NoReturn

import yaml

from raasid.registry.errors import PackageRefused
from raasid.registry.names import member_name

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
DEEPEST = 64
MAX_JSON_VALUES = 1_000_000


def parsed(data: bytes, most: int = MAX_JSON_VALUES, parse_int: Callable[[str], int] = int) -> Any:
    """The value that is written in `data`. Raises ValueError, with what is wrong with it.

    Refused are also NaN and infinities, a key that comes twice, and half a surrogate pair: programs
    disagree about what these mean.
    """
    _bounded(data, most)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refused,
            parse_int=parse_int,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from error
    except RecursionError as error:
        raise ValueError(f"is nested deeper than {DEEPEST}") from error
    if b"\\u" in data:
        _whole_characters(value)
    return value


def _bounded(data: bytes, most: int) -> None:
    depth = values = 0
    for token in _TOKEN.finditer(data):
        sign = data[token.start()]
        if sign in b"[{":
            depth, values = depth + 1, values + 1
        elif sign in b"]}":
            depth -= 1
        elif sign == ord(","):
            values += 1
        if depth > DEEPEST:
            raise ValueError(f"is nested deeper than {DEEPEST}")
        if values > most:
            raise ValueError(f"holds more than {most} values")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"holds the key {twice[:80]!r} twice")
    return found


def _refused(word: str) -> NoReturn:
    raise ValueError(f"holds {word}, which JSON does not have")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"holds {text[:40]}, which no float can")
    return value


def _whole_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a surrogate pair, which is no character") from error


_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_DEEPEST = 64
_PLAIN_TAG = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|seq|map)")


def check_text(data: bytes) -> str:
    """Raises ValueError: not UTF-8, or with characters that no text has."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not text (byte {error.start} is not UTF-8)") from error
    control = _CONTROL.search(text)
    if control is not None:
        raise ValueError(f"is not text (character {control.start()} is {control[0]!r})")
    return text


def check_html(data: bytes) -> None:
    """Raises ValueError: not a page."""
    if not check_text(data).lstrip("\ufeff \t\r\n").startswith("<"):
        raise ValueError("is no HTML page: it does not begin with <")


def check_yaml(data: bytes) -> None:
    """Raises ValueError: no YAML, an alias (some make a page of text out of a line), or a tag that calls."""
    depth = 0
    try:
        for event in yaml.parse(check_text(data), Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError(f"uses the alias *{event.anchor}; write it out")
            tag = getattr(event, "tag", None)
            if tag not in (None, "!") and _PLAIN_TAG.fullmatch(tag) is None:
                raise ValueError(f"uses the tag {tag[:80]}; plain values need none")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise ValueError(f"is nested deeper than {_DEEPEST}")
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML ({str(error).splitlines()[0]})") from error
    except RecursionError as error:
        raise ValueError(f"is nested deeper than {_DEEPEST}") from error


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


_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Message -> number of a field -> message in it, on the ways to tensors."""
_OF_MODEL = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}
_GRAPH, _EXTERNAL_DATA, _DATA_LOCATION = 7, 13, 14


def check_onnx(data: memoryview) -> None:
    """Raises ValueError: no model, cut short, or with weights elsewhere."""
    fields = {number for number, _, _, _ in _fields(data, 0, len(data))}
    if _GRAPH not in fields or not fields <= _OF_MODEL:
        raise ValueError("is no ONNX model")
    _look("model", data, 0, len(data), 0)


def _look(kind: str, data: memoryview, at: int, end: int, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("is a graph nested too deep")
    for number, value, begin, stop in _fields(data, at, end):
        if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value)):
            raise ValueError("keeps weights in another file; export the graph with all of them inside")
        inner = _INSIDE[kind].get(number)
        if inner is not None and stop >= 0:
            _look(inner, data, begin, stop, depth + 1)


def _fields(data: memoryview, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, value, and begin and end of what is nested; -1 for a plain value."""
    while at < end:
        tag, at = _varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        value, begin, stop = 0, at, -1
        if wire == 0:
            value, at = _varint(data, at, end)
        elif wire == 1:
            at += 8
        elif wire == 5:
            at += 4
        elif wire == 2:
            length, begin = _varint(data, at, end)
            at = stop = begin + length
        else:
            raise ValueError("is no ONNX model")
        if at > end or number == 0:
            raise ValueError("is no ONNX model, or cut short")
        yield number, value, begin, stop


def _varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("is no ONNX model, or cut short")


HEAD = 64 << 10
"""Bytes that are looked at."""
_ARCHIVES = {
    b"PK\x03\x04": "a zip archive, as torch.save writes it with a pickle inside",
    b"PK\x05\x06": "a zip archive",
    b"PK\x07\x08": "a zip archive",
    b"\x1f\x8b\x08": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstandard archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
}
_CERTAIN = {"PROTO", "GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD"}
_KEEP, _RECALL = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}, {"GET", "BINGET", "LONG_BINGET"}
_TAR_SUM = slice(148, 156)


def archive(head: bytes) -> str | None:
    """What kind of archive begins so; None for none."""
    for magic, kind in _ARCHIVES.items():
        if head.startswith(magic):
            return kind
    return "a tar archive" if head[257:262] == b"ustar" or _old_tar(head) else None


def is_pickle(head: bytes, fewest: int = 2) -> bool:
    """Whether Python's pickle, of any protocol, would take this for its own.

    Instructions are followed with what they take from the stack and put there; none is carried out.
    fewest: instructions that make a pickle where none of them imports or calls something, as a few
    letters of ordinary text may. A head that is cut off counts if it is one so far.
    """
    stream, mark = io.BytesIO(head), pickletools.markobject
    stack: list[object] = []
    kept: set[object] = set()
    count, certain = 0, False
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            count, certain = count + 1, certain or opcode.name in _CERTAIN
            if opcode.name in _KEEP:
                kept.add(len(kept) if opcode.name == "MEMOIZE" else argument)
            elif opcode.name in _RECALL and argument not in kept:
                return False
            takes = list(opcode.stack_before)
            if opcode.name == "POP" and stack[-1:] == [mark]:
                takes = [mark]
            if mark in takes:
                while stack and stack[-1] is not mark:
                    stack.pop()
                if not stack:
                    return False
                stack.pop()
                takes = takes[: takes.index(mark)]
            if len(stack) < len(takes) or mark in stack[len(stack) - len(takes) :]:
                return False
            del stack[len(stack) - len(takes) :]
            stack += opcode.stack_after
    except (ValueError, IndexError, OverflowError):  # UnicodeDecodeError is a ValueError
        if not (len(head) >= HEAD and stream.tell() >= len(head)):
            return False
    return certain or count >= fewest


def _old_tar(head: bytes) -> bool:
    block = head[:512]
    if len(block) < 512 or not block[0]:
        return False
    try:
        told = int(block[_TAR_SUM].strip(b" \x00"), 8)
    except ValueError:
        return False
    return told == sum(block) - sum(block[_TAR_SUM]) + 8 * 0x20


LONGEST_HEADER = 2 << 20
"""Bytes; some 20,000 tensors. The format's own limit is fifty times that."""
MAX_HEADER_VALUES = 200_000
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
        told = parsed(header, MAX_HEADER_VALUES, _natural)
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


MOST_FILES = 100
_MIB = 1 << 20


class _Kind(NamedTuple):
    largest: int
    """Bytes."""
    check: Callable[[BinaryIO], object]
    """Raises ValueError that completes "FILE: it …", or PackageRefused."""


def _read(check: Callable[[bytes], object]) -> Callable[[BinaryIO], object]:
    return lambda file: check(file.read())


def _onnx(file: BinaryIO) -> None:
    if isinstance(file, io.BytesIO):
        check_onnx(file.getbuffer().toreadonly())
        return
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
        check_onnx(data)


_KINDS = {
    ".safetensors": _Kind(1 << 40, lambda file: layouts(file, "model.safetensors")),
    ".onnx": _Kind(2 << 30, _onnx),
    ".json": _Kind(16 * _MIB, _read(parsed)),
    ".yaml": _Kind(_MIB, _read(check_yaml)),
    ".md": _Kind(4 * _MIB, _read(check_text)),
    ".txt": _Kind(4 * _MIB, _read(check_text)),
    ".html": _Kind(64 * _MIB, _read(check_html)),
    ".png": _Kind(64 * _MIB, check_png),
}
"""By suffix. A report with its films inside is the largest page that we write."""


def check_files(files: Mapping[str, Path | bytes]) -> None:
    """Look into every file of a package to be.

    Raises BadName or PackageRefused with the first that is not taken.
    """
    if len(files) > MOST_FILES:
        raise PackageRefused("package", f"{len(files)} files; at most {MOST_FILES} are taken")
    for name, source in files.items():
        if isinstance(source, bytes):
            _check(name, io.BytesIO(source), len(source))
            continue
        try:
            found = source.stat()
            if not stat.S_ISREG(found.st_mode):
                raise PackageRefused(name, f"{source} is not a file")
            with source.open("rb") as file:
                _check(name, file, found.st_size)
        except OSError as error:
            raise PackageRefused(name, f"{source} cannot be read ({error.strerror or error})") from error


def check_member(name: str, head: bytes, size: int) -> None:
    """Look at a file's name, its first bytes (64 KiB, or all) and its size.

    Raises BadName; PackageRefused: a suffix that no package holds, too large, a pickle or an archive.
    What is in it beyond that, `check_files` looks at.
    """
    kind = _kind(name)
    if size > kind.largest:
        raise PackageRefused(name, f"{size} bytes; at most {kind.largest} are taken for such a file")
    packed = archive(head)
    if packed is not None:
        raise PackageRefused(name, f"is {packed}; a package holds plain files, weights as safetensors")
    # the length that a safetensors file begins with, and a letter of its header, can be one by chance
    if is_pickle(head[:HEAD], fewest=3 if name.endswith(".safetensors") else 2):
        raise PackageRefused(
            name,
            "is a pickle, which runs code when it is loaded; save weights as safetensors, values as JSON",
        )


def _check(name: str, file: BinaryIO, size: int) -> None:
    check_member(name, file.read(HEAD), size)
    if not size:
        raise PackageRefused(name, "is empty")
    file.seek(0)
    try:
        _kind(name).check(file)
    except PackageRefused as error:
        raise PackageRefused(name, error.reason) from error
    except ValueError as error:
        raise PackageRefused(name, str(error)) from error


def _kind(name: str) -> _Kind:
    kind = _KINDS.get(PurePath(member_name(name)).suffix)
    if kind is None:
        raise PackageRefused(name, f"files of a package end in {', '.join(_KINDS)}")
    return kind
