"""Pickles and archives are told whatever they are called, and ordinary text is not taken for one."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raasid.registry.file_checks import HEAD, archive, is_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
Plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=50),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=10,
)


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


@settings(deadline=None, max_examples=150)
@given(Plain, st.sampled_from(PROTOCOLS), st.binary(max_size=20))
def test_every_pickle_of_every_protocol_is_told(value: object, protocol: int, behind: bytes) -> None:
    assert is_pickle(pickle.dumps(value, protocol) + behind)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_that_calls_something_is_told(protocol: int) -> None:
    assert is_pickle(pickle.dumps(Harmful(), protocol), fewest=100)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_of_which_only_the_head_is_seen_is_told(protocol: int) -> None:
    large = pickle.dumps({"weights": list(range(50_000)), "bytes": b"\x00" * 200_000}, protocol)
    assert is_pickle(large[:HEAD])
    assert is_pickle(pickle.dumps(b"x" * 200_000, protocol)[:HEAD])


@pytest.mark.parametrize(
    "text",
    ["", ".", "No. 7 is a keeper.\n", "# A card\n\nIt is.\n", '{"a": 1}', "[1, 2]", "Very good.\n", "<html>"],
)  # fmt: skip
def test_ordinary_text_is_no_pickle(text: str) -> None:
    assert not is_pickle(text.encode())


@pytest.mark.parametrize("name_length", range(1, 40))
def test_no_length_of_a_safetensors_header_makes_it_a_pickle(name_length: int) -> None:
    """The letter X is 88 in a header's length, and begins a text of a pickle; a full stop ends one."""
    name = "." * name_length
    header = f'{{"{name}":{{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}}}'.encode()
    for pages in range(1, 40):
        length = (pages << 8) + ord("X")
        assert not is_pickle(length.to_bytes(8, "little") + header.ljust(length) + b"x", fewest=3)


def test_our_own_documents_are_no_pickles_and_no_archives(repo: Path) -> None:
    for file in [*repo.glob("*.md"), *(repo / "conf").rglob("*.yaml"), *(repo / "raasid").rglob("*.py")]:
        head = file.read_bytes()[:HEAD]
        assert not is_pickle(head), file
        assert archive(head) is None, file


def test_every_kind_of_archive_is_told(tmp_path: Path) -> None:
    import bz2
    import gzip
    import lzma

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        folder.writestr("archive/data.pkl", pickle.dumps({}))
    assert "zip" in str(archive(packed.getvalue()))
    for format_ in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        rolled = io.BytesIO()
        with tarfile.open(fileobj=rolled, mode="w", format=format_) as tape:
            tape.addfile(tarfile.TarInfo("weights.pkl"), io.BytesIO())
        assert "tar" in str(archive(rolled.getvalue()))
        assert "tar" in str(archive(_as_version_7(rolled.getvalue())))
    for pack, kind in ((gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")):
        assert kind in str(archive(pack(b"weights")))


def _as_version_7(tape: bytes) -> bytes:
    """The tape as it was before it said `ustar`: known by its checksum alone."""
    block = bytearray(tape[:512])
    block[257:265] = bytes(8)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + tape[512:]
