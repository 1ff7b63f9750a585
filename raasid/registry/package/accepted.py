"""Which files are taken for a model: by name, by size, and by what is in them, whatever they are called."""

from __future__ import annotations

import io
import mmap
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import BinaryIO, NamedTuple

from raasid.registry.errors import PackageRefused
from raasid.registry.names import member_name
from raasid.registry.package.json_text import parsed
from raasid.registry.package.onnx_graph import check_onnx
from raasid.registry.package.pickled import HEAD, archive, is_pickle
from raasid.registry.package.plain_text import check_html, check_text, check_yaml
from raasid.registry.package.png_file import check_png
from raasid.registry.package.safetensors_file import layouts

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
