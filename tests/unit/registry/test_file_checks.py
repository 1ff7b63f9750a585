"""Which files a model package may hold."""

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


def image(width: int = 3) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 2)).save(file, "PNG")
    return file.getvalue()


def graph(elsewhere: bool = False, nested: bool = False) -> bytes:
    """A graph with one weight; elsewhere: as external data; nested: in a branch."""
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
    """Graphs nested in attributes of nodes."""
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
    "ball.png": image(),
}


def test_a_package_with_one_file_of_every_type_is_accepted(tmp_path: Path) -> None:
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
def test_an_unknown_suffix_is_refused(name: str) -> None:
    with pytest.raises(PackageRefused, match=r"end in \.safetensors, \.onnx"):
        check_files({name: b"{}"})


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", GOOD)
def test_a_pickle_is_refused_under_every_name(name: str, protocol: int) -> None:
    for value in ({"weights": [1.0, 2.0]}, Harmful(), [b"x" * 100_000]):
        with pytest.raises(PackageRefused, match=f"^{name}: "):
            check_files({name: pickle.dumps(value, protocol)})


@pytest.mark.parametrize("name", ["README.md", "notes.txt", "config.yaml", "report.html"])
def test_a_pickle_that_is_plain_text_is_refused_as_a_pickle(name: str) -> None:
    for value in ({"weights": [1.0, 2.0]}, Harmful(), [b"x" * 100_000]):
        with pytest.raises(PackageRefused, match="is a pickle, which runs code"):
            check_files({name: pickle.dumps(value, 0)})


@pytest.mark.parametrize("name", GOOD)
def test_a_file_of_torch_save_is_refused_under_every_name(name: str) -> None:
    with pytest.raises(PackageRefused, match=f"^{name}: "):
        check_files({name: torch_file()})


BAD = {
    "truncated safetensors": ("model.safetensors", tensor_file()[:-1], "incomplete metadata"),
    "empty": ("notes.txt", b"", "is empty"),
    "two values": ("card.json", b"{} {}", "is not JSON"),
    "not a number": ("card.json", b'{"f1": NaN}', "holds NaN, which JSON does not have"),
    "beyond numbers": ("card.json", b'{"f1": 1e999}', "which no float can"),
    "key twice": ("card.json", b'{"f1": 1, "f1": 2}', "holds the key 'f1' twice"),
    "deep": ("card.json", b"[" * 100_000, "nested too deep"),
    "wide": ("card.json", b"[" + b"1," * 2_000_000 + b"1]", "more than 1000000 values"),
    "half a character": ("card.json", b'"\\ud800"', "surrogate"),
    "Latin-1": ("card.json", b'"\xe9"', "is not UTF-8"),
    "binary text": ("notes.txt", b"a\x00b", "is not text"),
    "script": ("report.html", b"alert(1)", "does not begin with <"),
    "YAML that calls": ("c.yaml", b"!!python/object/apply:os.system [x]", "'tag:yaml.org,2002:python"),
    "YAML that multiplies": ("c.yaml", b"a: &a [x]\nb: [*a, *a]\n", r"the alias \*a"),
    "deep YAML": ("c.yaml", b"[" * 1000, "nested deeper than 64"),
    "no YAML": ("c.yaml", b"a: [", "is not YAML"),
    "image with a tail": ("ball.png", image() + b"PK", "2 bytes behind the end"),
    "truncated image": ("ball.png", image()[:-5], "no PNG image, or truncated"),
    "truncated checksum": ("ball.png", image()[:-1], "truncated PNG image"),
    "changed header": ("ball.png", image()[:16] + b"\x00\x01\x00\x00" + image()[20:], "no PNG image"),
    "vast image": ("ball.png", image(width=70_000), "70000 x 2 pixels"),
    "no image": ("ball.png", b"GIF89a", "is no PNG"),
    "truncated graph": ("model.onnx", graph()[:-1], "no ONNX model, is truncated"),
    "no graph": ("model.onnx", b"weights", "is no ONNX model"),
    "onion": ("model.onnx", onion(40), "nested too deep"),
    "weights elsewhere": ("model.onnx", graph(elsewhere=True), "keeps weights in another file"),
    "weights of a branch elsewhere": ("model.onnx", graph(elsewhere=True, nested=True), "in another file"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_content_that_does_not_match_the_suffix_is_refused_with_the_reason(case: str, tmp_path: Path) -> None:
    name, data, reason = BAD[case]
    path = tmp_path / name
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(PackageRefused, match=f"{name}: .*{reason}"):
            check_files({name: source})


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_a_refusal(name: str, data: bytes) -> None:
    with suppress(PackageRefused):
        check_files({name: data})


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=40), st.integers(0, 200))
def test_a_changed_graph_raises_nothing_but_a_refusal(data: bytes, at: int) -> None:
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


def test_a_file_too_large_for_its_type_is_refused_unread(tmp_path: Path) -> None:
    vast = tmp_path / "card.json"
    with vast.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(PackageRefused, match="1099511627776 bytes; at most"):
        check_files({"card.json": vast})


def test_a_registry_refuses_a_package_before_it_writes_anything(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry", author="tester")
    for name, data in {"../../x.json": b"{}", "model.safetensors": torch_file()}.items():
        with pytest.raises((BadName, PackageRefused)):
            registry.register("ball_model", {"card.json": b"{}", name: data})
    assert not (tmp_path / "registry").exists()
    assert not (tmp_path / "x.json").exists()
