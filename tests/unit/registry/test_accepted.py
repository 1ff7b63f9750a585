"""Which files a registry takes for a model."""

from __future__ import annotations

import io
import os
import pickle
from contextlib import suppress
from pathlib import Path

import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tensor_files import tensor_file

from raasid.registry.errors import BadName, PackageRefused
from raasid.registry.file_checks import check_files
from raasid.registry.registry import Registry


def picture(width: int = 3) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 2)).save(file, "PNG")
    return file.getvalue()


def graph(elsewhere: bool = False, nested: bool = False) -> bytes:
    """A graph with one weight; elsewhere: that says it is kept in another file; nested: in a branch."""
    helper = onnx.helper
    weight = helper.make_tensor("weight", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    if elsewhere:
        weight.ClearField("float_data")
        weight.data_location = onnx.TensorProto.EXTERNAL
        weight.external_data.add(key="location", value="../../etc/passwd")
    branch = helper.make_graph([helper.make_node("Constant", [], ["y"], value=weight)], "branch", [], [])
    nodes = [helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)] if nested else []
    model = helper.make_model(helper.make_graph(nodes, "net", [], [], [] if nested else [weight]))
    return bytes(model.SerializeToString())


def onion(layers: int) -> bytes:
    """A graph with a graph in an attribute of a node, and so on."""
    inner = b""
    for _ in range(layers):
        for field in (6, 5, 1):  # attribute.g, node.attribute, graph.node
            inner = bytes([field << 3 | 2]) + _varint(len(inner)) + inner
    return b"\x3a" + _varint(len(inner)) + inner


def _varint(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80]) + _varint(value >> 7) if value > 0x7F else bytes([value])


def torch_file() -> bytes:
    file = io.BytesIO()
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, file)
    return file.getvalue()


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


GOOD = {
    "model.safetensors": tensor_file(),
    "model.onnx": graph(),
    "card.json": b'{"metrics": {"f1": 0.5}}\n',
    "config.yaml": b"model:\n  channels: 4\nlist: [1, 2]\n",
    "README.md": "# Ball\n\nFinds it – mostly.\n".encode(),
    "notes.txt": b"No. 1\n",
    "report.html": b"<!doctype html><title>Ball</title>",
    "ball.png": picture(),
}


def test_a_package_with_one_file_of_every_kind_is_taken(tmp_path: Path) -> None:
    check_files(GOOD)
    for name, data in GOOD.items():
        (tmp_path / name).write_bytes(data)
    check_files({name: tmp_path / name for name in GOOD})
    check_files({"model.onnx": onion(10)})


@pytest.mark.parametrize(
    "name",
    ["../../x.json", "/etc/passwd", "a/b.json", "..json", ".x.json", "", "a\\b.json", "x\n.json", "c:x.json"],
)  # fmt: skip
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(BadName, match="package member"):
        check_files({name: b"{}"})


@pytest.mark.parametrize(
    "name", ["model.pt", "last.ckpt", "weights.pkl", "run.py", "model.so", "model", "model.ONNX"]
)
def test_a_suffix_that_no_package_holds_is_refused(name: str) -> None:
    with pytest.raises(PackageRefused, match=r"end in \.safetensors, \.onnx"):
        check_files({name: b"{}"})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", GOOD)
def test_a_pickle_is_refused_whatever_it_is_called(name: str, protocol: int) -> None:
    for value in ({"weights": [1.0, 2.0]}, Harmful(), [b"x" * 100_000]):
        with pytest.raises(PackageRefused, match="is a pickle, which runs code"):
            check_files({name: pickle.dumps(value, protocol)})


@pytest.mark.parametrize("name", GOOD)
def test_what_torch_saves_is_refused_whatever_it_is_called(name: str) -> None:
    with pytest.raises(PackageRefused, match=f"{name}: is a zip archive, as torch.save writes it"):
        check_files({name: torch_file()})


BAD = {
    "cut safetensors": ("model.safetensors", tensor_file()[:-1], "describes 4 bytes of tensors; 3 are there"),
    "empty": ("notes.txt", b"", "is empty"),
    "two values": ("card.json", b"{} {}", "is not JSON"),
    "not a number": ("card.json", b'{"f1": NaN}', "holds NaN, which JSON does not have"),
    "beyond numbers": ("card.json", b'{"f1": 1e999}', "which no float can"),
    "key twice": ("card.json", b'{"f1": 1, "f1": 2}', "holds the key 'f1' twice"),
    "deep": ("card.json", b"[" * 100_000, "nested deeper than 64"),
    "wide": ("card.json", b"[" + b"1," * 2_000_000 + b"1]", "more than 1000000 values"),
    "half a character": ("card.json", b'"\\ud800"', "surrogate"),
    "Latin-1": ("card.json", b'"\xe9"', "is not UTF-8"),
    "binary text": ("notes.txt", b"a\x00b", "is not text"),
    "script": ("report.html", b"alert(1)", "does not begin with <"),
    "YAML that calls": ("c.yaml", b"!!python/object/apply:os.system [x]", "the tag tag:yaml.org,2002:python"),
    "YAML that multiplies": ("c.yaml", b"a: &a [x]\nb: [*a, *a]\n", r"the alias \*a"),
    "deep YAML": ("c.yaml", b"[" * 1000, "nested deeper than 64"),
    "no YAML": ("c.yaml", b"a: [", "is not YAML"),
    "picture with a tail": ("ball.png", picture() + b"PK", "2 bytes behind the end"),
    "cut picture": ("ball.png", picture()[:-5], "cut short"),
    "vast picture": ("ball.png", picture()[:16] + b"\x00\x01\x00\x00" + picture()[20:], "65536 x 2 pixels"),
    "no picture": ("ball.png", b"GIF89a", "is no PNG"),
    "cut graph": ("model.onnx", graph()[:-1], "no ONNX model, or cut short"),
    "no graph": ("model.onnx", b"weights", "is no ONNX model"),
    "onion": ("model.onnx", onion(40), "nested too deep"),
    "weights elsewhere": ("model.onnx", graph(elsewhere=True), "keeps weights in another file"),
    "weights of a branch elsewhere": ("model.onnx", graph(elsewhere=True, nested=True), "in another file"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_what_its_name_says_is_refused(case: str, tmp_path: Path) -> None:
    name, data, reason = BAD[case]
    path = tmp_path / name
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(PackageRefused, match=f"{name}: .*{reason}"):
            check_files({name: source})


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=300))
def test_whatever_the_bytes_are_nothing_but_a_refusal_is_raised(name: str, data: bytes) -> None:
    with suppress(PackageRefused):
        check_files({name: data})


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=40), st.integers(0, 200))
def test_whatever_is_changed_in_a_graph_nothing_but_a_refusal_is_raised(data: bytes, at: int) -> None:
    whole = graph(nested=True)
    with suppress(PackageRefused):
        check_files({"model.onnx": whole[:at] + data + whole[at + len(data) :]})


def test_a_folder_a_pipe_and_a_missing_file_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path, "is not a file"),
        (tmp_path / "pipe", "is not a file"),
        (tmp_path / "no", "No such"),
    ):
        with pytest.raises(PackageRefused, match=reason):
            check_files({"card.json": path})


def test_a_file_too_large_for_its_kind_is_refused_unread(tmp_path: Path) -> None:
    vast = tmp_path / "card.json"
    with vast.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(PackageRefused, match="1099511627776 bytes; at most"):
        check_files({"card.json": vast})


def test_a_registry_refuses_before_it_writes_anything(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry", author="tester")
    for name, data in {"../../x.json": b"{}", "model.safetensors": torch_file()}.items():
        with pytest.raises((BadName, PackageRefused)):
            registry.register("ball_model", {"card.json": b"{}", name: data})
    assert not (tmp_path / "registry").exists()
    assert not (tmp_path / "x.json").exists()
