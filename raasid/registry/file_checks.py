"""Decides which files a model package may hold: by name, by size, and by what the format's parser says.

A pickle or an archive fails the parser behind its suffix. Only as text would a pickle of protocol 0 pass, so
text is checked for it explicitly. Parsers of libraries are imported in the functions that need them.
"""

from __future__ import annotations

import io
import math
import pickletools
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from raasid.registry.errors import PackageRefused
from raasid.registry.names import member_name
from raasid.registry.strict_json import parse_json

if TYPE_CHECKING:
    from onnx import TensorProto

Source = Path | bytes
MAX_FILES = 100
MAX_HEADER_BYTES = 2 << 20
"""Of a safetensors file; enough for some 20,000 tensors. The format itself allows fifty times that."""
MAX_HEADER_VALUES = 200_000
DTYPE_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64"), 8),
}
"""Bytes per element of the safetensors types that torch has, too."""
_MAX_AXES = 16
_MAX_TENSOR_BYTES = 1 << 48
_MAX_EDGE_PX = 1 << 14
_MAX_YAML_DEPTH = 64
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MIB = 1 << 20


class TensorInfo(NamedTuple):
    """Type and shape of a tensor in a safetensors file."""

    dtype: str
    shape: tuple[int, ...]


class _FileType(NamedTuple):
    max_bytes: int
    check: Callable[[Source], object]
    """Raises ValueError whose message completes "FILE: it …", or PackageRefused."""


def check_files(files: Mapping[str, Source]) -> None:
    """Check every file of a package. Raises BadName or PackageRefused for the first that is not accepted."""
    if len(files) > MAX_FILES:
        raise PackageRefused("package", f"{len(files)} files; at most {MAX_FILES} are taken")
    for name, source in files.items():
        try:
            _check_file(name, source)
        except OSError as error:
            path = source if isinstance(source, Path) else "its content"
            raise PackageRefused(name, f"{path} cannot be read ({error.strerror or error})") from error


def _check_file(name: str, source: Source) -> None:
    file_type = _FILE_TYPES.get(PurePath(member_name(name)).suffix)
    if file_type is None:
        raise PackageRefused(name, f"files of a package end in {', '.join(_FILE_TYPES)}")
    if isinstance(source, bytes):
        size = len(source)
    else:
        info = source.stat()
        if not stat.S_ISREG(info.st_mode):
            raise PackageRefused(name, f"{source} is not a file")
        size = info.st_size
    if size > file_type.max_bytes:
        raise PackageRefused(name, f"{size} bytes; at most {file_type.max_bytes} are taken for such a file")
    if not size:
        raise PackageRefused(name, "is empty")
    try:
        file_type.check(source)
    except PackageRefused as error:
        raise PackageRefused(name, error.reason) from error
    except ValueError as error:
        raise PackageRefused(name, str(error)) from error


def check_safetensors(source: Source, member: str = "model.safetensors") -> dict[str, TensorInfo]:
    """Check a safetensors file and return its tensors by name. Raises PackageRefused, OSError.

    Stricter than the format's reader: duplicate names, types that torch lacks, and shapes that overflow
    64 bits are refused.
    """
    import safetensors

    try:
        header = parse_json(_safetensors_header(source), MAX_HEADER_VALUES)
        if isinstance(source, bytes):
            safetensors.deserialize(source)  # type: ignore[no-untyped-call]
        else:
            with safetensors.safe_open(source, "numpy"):
                pass
        header.pop("__metadata__", None)
        return {
            name: _tensor_info(name[:80], entry["dtype"], entry["shape"]) for name, entry in header.items()
        }
    except ValueError as error:
        raise PackageRefused(member, f"its header {error}") from error
    except safetensors.SafetensorError as error:
        reason = str(error).removeprefix("Error while deserializing: ")
        raise PackageRefused(member, f"is no safetensors file, or truncated: {reason[:200]}") from error


def _safetensors_header(source: Source) -> bytes:
    """Read the header, whose length is limited before anything is read."""
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER_BYTES:
            raise ValueError(f"has {length} bytes; {MAX_HEADER_BYTES} are enough for 20,000 tensors")
        return file.read(length)


def _tensor_info(name: str, dtype: str, shape: list[int]) -> TensorInfo:
    if dtype not in DTYPE_BYTES:
        raise ValueError(f"gives {name!r} the type {dtype!r}; known are {', '.join(sorted(DTYPE_BYTES))}")
    if len(shape) > _MAX_AXES:
        raise ValueError(f"gives {name!r} {len(shape)} axes; at most {_MAX_AXES} are taken")
    # an axis of length 0 must not hide an overflow: readers multiply in 64 bits
    if DTYPE_BYTES[dtype] * math.prod(max(edge, 1) for edge in shape) > _MAX_TENSOR_BYTES:
        raise ValueError(f"gives {name!r} more than {_MAX_TENSOR_BYTES} bytes")
    return TensorInfo(dtype, tuple(shape))


def _check_onnx(source: Source) -> None:
    """Refuse what is not a model, and external data, with which a graph reads any path when it is loaded."""
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        if isinstance(source, bytes):
            model = onnx.load_model_from_string(source)
        else:
            model = onnx.load(source, format="protobuf", load_external_data=False)
        tensors = list(_tensors(model))
    except (DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"is no ONNX model, is truncated or is nested too deep ({error})") from error
    if not model.HasField("graph"):
        raise ValueError("is no ONNX model")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data for tensor in tensors):
        raise ValueError("keeps weights in another file; export the graph with all of them inside")


def _tensors(message: Any) -> Iterator[TensorProto]:
    """Yield all tensors of a message: initializers, attributes, subgraphs, functions, sparse and training."""
    from google.protobuf.message import Message
    from onnx import TensorProto

    if isinstance(message, TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in [value] if isinstance(value, Message) else value:
                yield from _tensors(inner)


def _check_json(source: Source) -> None:
    parse_json(_read(source))


def _check_text(source: Source) -> None:
    _decode_text(source)


def _check_html(source: Source) -> None:
    if not _decode_text(source).lstrip("\ufeff \t\r\n").startswith("<"):
        raise ValueError("is no HTML page: it does not begin with <")


def _check_yaml(source: Source) -> None:
    """Accept plain values without aliases, a few lines of which can stand for gigabytes."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text, depth = _decode_text(source), 0
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError(f"uses the alias *{event.anchor}; write it out")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_YAML_DEPTH:  # libyaml composes recursively: deeper nesting can crash the process
                raise ValueError(f"is nested deeper than {_MAX_YAML_DEPTH}")
        yaml.load(text, Loader=loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"is not YAML of plain values ({str(error).splitlines()[0]})") from error


def _check_png(source: Source) -> None:
    """Refuse a PNG image that is truncated, damaged, too large to unpack, or followed by other data."""
    from PIL import Image

    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        try:
            with Image.open(file, formats=["PNG"]) as image:
                if max(image.size) > _MAX_EDGE_PX:
                    width, height = image.size
                    raise ValueError(
                        f"is a PNG image of {width} x {height} pixels; at most {_MAX_EDGE_PX} each"
                    )
                image.verify()
            tail = size - file.tell() - 4  # verify stops before the checksum of the last chunk
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise ValueError(f"is no PNG image, or truncated ({error})") from error
    if tail:
        raise ValueError(
            f"has {tail} bytes behind the end of its image" if tail > 0 else "is a truncated PNG image"
        )


def _decode_text(source: Source) -> str:
    data = _read(source)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not text (byte {error.start} is not UTF-8)") from error
    control = _CONTROL.search(text)
    if control is not None:
        raise ValueError(f"is not text (character {control.start()} is {control[0]!r})")
    if _is_pickle(data):
        raise ValueError("is a pickle, which runs code when it is loaded")
    return text


def _is_pickle(data: bytes) -> bool:
    """Whether Python's pickle would load this, as far as the first instructions show; nothing is loaded."""
    try:
        pickletools.dis(data, _LimitedOutput())
    except _LimitReached:
        return True
    except (ValueError, IndexError, OverflowError) as error:
        return str(error).startswith("stack not empty after STOP")  # pickle ignores what is left on it
    return True


class _LimitReached(Exception):
    """The disassembly is longer than that of any ordinary text."""


class _LimitedOutput(io.StringIO):
    """Discards the disassembly, and ends it after some thousand instructions."""

    def __init__(self) -> None:
        super().__init__()
        self._writes_left = 10_000

    def write(self, text: str) -> int:
        """Count a piece of output. Raises _LimitReached."""
        self._writes_left -= 1
        if self._writes_left < 0:
            raise _LimitReached
        return len(text)


def _read(source: Source) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


_FILE_TYPES = {
    ".safetensors": _FileType(1 << 40, check_safetensors),
    ".onnx": _FileType(2 << 30, _check_onnx),
    ".json": _FileType(16 * _MIB, _check_json),
    ".yaml": _FileType(_MIB, _check_yaml),
    ".md": _FileType(4 * _MIB, _check_text),
    ".txt": _FileType(4 * _MIB, _check_text),
    ".html": _FileType(64 * _MIB, _check_html),
    ".png": _FileType(64 * _MIB, _check_png),
}
"""By suffix. A report with embedded videos is the largest page that we write."""
