"""Accepted files are read by safetensors; all others are refused within little memory."""

from __future__ import annotations

import json
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensor_files import tensor_file, with_header

from raasid.registry.errors import PackageRefused
from raasid.registry.file_checks import DTYPE_BYTES, MAX_HEADER_BYTES, check_safetensors

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
Size = st.integers(-1, 9) | st.sampled_from([2**31, 2**32, 2**62, 2**63, 2**64, 10**30, -0.0, 1.0, True])
Entry = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from([*DTYPE_BYTES, "F4", "F6_E2M3", "C64", "f32", "", 7]),
        "shape": st.lists(Size, max_size=3) | Size,
        "data_offsets": st.lists(st.integers(0, 32) | Size, min_size=1, max_size=3),
    },
    optional={"more": Json},
)
Header = st.dictionaries(st.text(max_size=6) | st.just("__metadata__"), Entry | Json, max_size=3)


def entry(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def described(header: object, data: bytes = b"") -> bytes:
    return with_header(json.dumps(header).encode(), data)


def accepts_or_refuses(data: bytes) -> bool:
    try:
        layouts = check_safetensors(data)
    except PackageRefused:
        return False
    assert safetensors.torch.load(data).keys() == layouts.keys()
    return True


@settings(deadline=None, max_examples=300)
@given(Header, st.binary(max_size=40))
def test_an_arbitrary_header_is_refused_or_read_by_safetensors(header: Any, data: bytes) -> None:
    accepts_or_refuses(described(header, data))


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60), st.integers(0, 80))
def test_arbitrary_bytes_are_refused_or_read_by_safetensors(rest: bytes, length: int) -> None:
    accepts_or_refuses(struct.pack("<Q", length) + rest)
    accepts_or_refuses(rest)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(DTYPE_BYTES)), st.lists(st.integers(0, 4), max_size=3), st.text(max_size=5)
        ),
        unique_by=lambda one: one[2],
        max_size=5,
    ),
    st.randoms(),
)
def test_every_valid_file_is_accepted(tensors: list[tuple[str, list[int], str]], rng: Any) -> None:
    header, at = {}, 0
    for dtype, shape, name in tensors:
        size = DTYPE_BYTES[dtype]
        for edge in shape:
            size *= edge
        header[name], at = entry(dtype, shape, at, at + size), at + size
    names = [name for name in header if name != "__metadata__"]
    rng.shuffle(names)
    if len(names) == len(header):
        assert accepts_or_refuses(described({name: header[name] for name in names}, bytes(at)))


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 200), st.integers(0, 255))
def test_a_file_with_a_changed_byte_is_refused_or_read_by_safetensors(at: int, value: int) -> None:
    data = bytearray(tensor_file(b"weights"))
    data[at % len(data)] = value
    accepts_or_refuses(bytes(data))


def test_every_supported_type_is_accepted(tmp_path: Path) -> None:
    dtypes = [
        *(torch.bool, torch.uint8, torch.int8, torch.float8_e5m2, torch.float8_e4m3fn, torch.uint16),
        *(torch.int16, torch.float16, torch.bfloat16, torch.uint32, torch.int32, torch.float32),
        *(torch.uint64, torch.int64, torch.float64),
    ]
    tensors = {str(dtype): torch.zeros(2, 3).to(dtype) for dtype in dtypes} | {"scalar": torch.tensor(3)}
    safetensors.torch.save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    found = check_safetensors(tmp_path / "model.safetensors")
    assert {layout.dtype for layout in found.values()} == set(DTYPE_BYTES)
    assert found["scalar"].shape == ()


WRONG = {
    "overlap": (
        {"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)},
        6,
        "invalid offset for tensor `b`",
    ),
    "gap": ({"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 5, 9)}, 9, "invalid offset for tensor `b`"),
    "outside": ({"a": entry("U8", [9], 0, 9)}, 4, "incomplete metadata"),
    "left over": ({"a": entry("U8", [4], 0, 4)}, 9, "incomplete metadata"),
    "huge": ({"a": entry("F32", [2**50], 0, 2**52)}, 4, "incomplete metadata"),
    "hidden by a zero": ({"a": entry("F32", [0, 2**40, 2**40], 0, 0)}, 0, "more than"),
    "another shape": ({"a": entry("F32", [3], 0, 8)}, 8, "invalid shape"),
    "unknown type": ({"a": entry("X9", [4], 0, 4)}, 4, "unknown variant `X9`"),
    "backwards": ({"a": entry("U8", [4], 4, 0)}, 4, "invalid offset for tensor `a`"),
    "negative": ({"a": entry("U8", [-4], 0, 4)}, 4, "integer `-4`"),
    "many axes": ({"a": entry("U8", [1] * 17, 0, 1)}, 1, "17 axes"),
    "no tensor": ({"a": 7}, 0, "expected struct TensorInfo"),
    "notes": ({"__metadata__": {"a": 1}}, 0, "expected a string"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_invalid_header_is_refused_with_the_reason(name: str) -> None:
    header, size, reason = WRONG[name]
    with pytest.raises(PackageRefused, match=f"model.safetensors: .*{reason}"):
        check_safetensors(described(header, bytes(size)))


BOMBS = {
    "a length of 2**60": struct.pack("<Q", 2**60) + b"{}" * 8,
    "a long header": with_header(b"{" + b" " * (MAX_HEADER_BYTES << 3) + b"}"),
    "a deep header": with_header(b'{"a":' + b"[" * 1_500_000),
    "a wide header": with_header(b'{"a":[' + b"[]," * 600_000 + b"[]]}"),
    "quotes without an end": with_header(b'{"' + b'\\"' * 900_000),
    "a long number": with_header(b'{"a":' + b"9" * 1_900_000 + b"}"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_oversized_header_is_refused_within_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(BOMBS[name])
    tracemalloc.start()
    try:
        with pytest.raises(PackageRefused):
            check_safetensors(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_duplicate_name_is_refused() -> None:
    one = json.dumps(entry("U8", [1], 0, 1))
    with pytest.raises(PackageRefused, match="holds the key 'a' twice"):
        check_safetensors(with_header(f'{{"a":{one},"a":{one}}}'.encode(), b"x"))
