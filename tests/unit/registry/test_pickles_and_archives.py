"""Pickles and archives are refused under every name of a package file; ordinary text is not taken for one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.registry.errors import PackageRefused
from raasid.registry.file_checks import check_files

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
SUFFIXES = (".safetensors", ".onnx", ".json", ".yaml", ".md", ".txt", ".html", ".png")
Plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=50),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=10,
)


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


def assert_refused_under_every_name(data: bytes) -> None:
    for suffix in SUFFIXES:
        with pytest.raises(PackageRefused):
            check_files({f"file{suffix}": data})


@settings(deadline=None, max_examples=150)
@given(Plain, st.sampled_from(PROTOCOLS), st.binary(max_size=20))
def test_every_pickle_of_every_protocol_is_refused(value: object, protocol: int, behind: bytes) -> None:
    assert_refused_under_every_name(pickle.dumps(value, protocol) + behind)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_that_calls_something_is_refused(protocol: int) -> None:
    assert_refused_under_every_name(pickle.dumps(Harmful(), protocol))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_large_pickle_is_refused(protocol: int) -> None:
    large = {"weights": list(range(50_000)), "bytes": b"\x00" * 200_000}
    assert_refused_under_every_name(pickle.dumps(large, protocol))
    assert_refused_under_every_name(pickle.dumps(b"x" * 200_000, protocol))


@pytest.mark.parametrize("text", [b"N0" * (2 << 20), b"(" * (4 << 20), b"N" * 4_000 + b"."])
def test_text_that_reads_like_a_long_pickle_is_refused_without_reading_it_all(text: bytes) -> None:
    with pytest.raises(PackageRefused, match="is a pickle"):
        check_files({"notes.txt": text[: 4 << 20]})


@pytest.mark.parametrize(
    "text",
    [".", "No. 7 is a keeper.\n", "# A card\n\nIt is.\n", '{"a": 1}', "[1, 2]", "Very good.\n", "<html>"],
)
def test_ordinary_text_is_accepted(text: str) -> None:
    check_files({"notes.txt": text.encode()})


@pytest.mark.parametrize("name_length", range(1, 40))
def test_a_safetensors_header_whose_length_reads_like_a_pickle_is_accepted(name_length: int) -> None:
    """The letter X is 88 in a header's length, and begins a text of a pickle; a full stop ends one."""
    name = "." * name_length
    header = f'{{"{name}":{{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}}}'.encode()
    for pages in range(1, 40):
        length = (pages << 8) + ord("X")
        check_files({"model.safetensors": length.to_bytes(8, "little") + header.ljust(length) + b"x"})


def test_our_own_documents_are_accepted_as_text(repo: Path) -> None:
    for file in [*repo.glob("*.md"), *(repo / "conf").rglob("*.yaml"), *(repo / "raasid").rglob("*.py")]:
        if data := file.read_bytes():
            check_files({"document.txt": data})


def test_every_type_of_archive_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        folder.writestr("archive/data.pkl", pickle.dumps({}))
    assert_refused_under_every_name(packed.getvalue())
    for format_ in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        rolled = io.BytesIO()
        with tarfile.open(fileobj=rolled, mode="w", format=format_) as tape:
            tape.addfile(tarfile.TarInfo("weights.pkl"), io.BytesIO())
        assert_refused_under_every_name(rolled.getvalue())
        assert_refused_under_every_name(_as_version_7(rolled.getvalue()))
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        assert_refused_under_every_name(pack(b"weights"))


def _as_version_7(tape: bytes) -> bytes:
    """A tar archive of the format before `ustar`, with the checksum that it needs."""
    block = bytearray(tape[:512])
    block[257:265] = bytes(8)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + tape[512:]
