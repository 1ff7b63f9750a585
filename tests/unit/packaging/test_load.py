"""A model loaded from a registry is the packed model, or loading is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from tiny_models import TINY, made, registered

import raasid.packaging
from raasid.errors import CheckpointUnusable
from raasid.models.checkpoints import load_checkpoint_weights
from raasid.models.module import TaskModule
from raasid.packaging.onnx.export import write_graphs
from raasid.packaging.onnx.graph_spec import export_graphs
from raasid.packaging.package import load, load_module, portable_model_config
from raasid.packaging.tensors import dump_weights
from raasid.registry.errors import PackageRefused, RegistryDamaged, SignatureRefused
from raasid.registry.registry import Registry
from raasid.registry.signing import make_key, signer

BALL = TINY["ball_heatmap"]
MEDIAPIPE = "raasid.models.pose.mediapipe_module"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry", author="tester")


def kept(model: TaskModule) -> dict[str, Any]:
    state: dict[str, Any] = {}
    model.on_save_checkpoint(state)
    return {name: value for name, value in state.items() if name != "config"}


@pytest.mark.parametrize("name", TINY)
def test_a_loaded_model_predicts_exactly_like_the_packed_one(name: str, registry: Registry) -> None:
    tiny, model = TINY[name], made(TINY[name])
    version = registered(registry, tiny)
    registry.set_alias(tiny.name, "champion", version, "the first")
    loaded = raasid.packaging.load(tiny.name, root=registry.root)
    assert (loaded.version, loaded.card.name, loaded.manifest.name) == (version, tiny.name, tiny.name)
    assert not loaded.module.training
    assert tiny.ask(loaded.module) == tiny.ask(model)
    assert kept(loaded.module) == kept(model)
    assert loaded.module.config == loaded.manifest.config


def test_loading_does_not_advance_the_random_generator(registry: Registry) -> None:
    version = registered(registry, BALL)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_module(registry, BALL.name, str(version))
    assert torch.equal(torch.rand(3), expected)


def test_packing_a_model_twice_gives_identical_files(registry: Registry) -> None:
    first, second = (registered(registry, BALL) for _ in range(2))
    versions = registry.versions(BALL.name)
    assert versions.manifest(first).files == versions.manifest(second).files


def test_a_version_loads_without_the_files_that_its_training_started_from(
    registry: Registry,
) -> None:
    version = registered(registry, BALL)
    manifest = registry.versions(BALL.name).manifest(version)
    assert "somewhere" not in json.dumps(manifest.model)
    assert "somewhere" not in registry.read(BALL.name, version, "card.json").decode()
    load_module(registry, BALL.name, str(version))


def test_graphs_travel_with_their_card(registry: Registry, tmp_path: Path) -> None:
    images = torch.zeros(2, 64, 64, 3, dtype=torch.uint8)
    write_graphs(export_graphs(made(BALL)), [(images,)], tmp_path / "graphs", {})
    version = registered(registry, BALL, tmp_path / "graphs")
    assert {"model.onnx", "model.json"} <= registry.versions(BALL.name).manifest(version).files.keys()
    load_module(registry, BALL.name, str(version))
    (tmp_path / "graphs" / "model.onnx").write_bytes(b"another")
    with pytest.raises(PackageRefused, match=r"model\.onnx: is not the graph of the card beside it"):
        registered(registry, BALL, tmp_path / "graphs")
    (tmp_path / "graphs" / "model.json").write_text("[]")
    with pytest.raises(PackageRefused, match=r"model\.json: is no card of whole graphs"):
        registered(registry, BALL, tmp_path / "graphs")


@pytest.mark.parametrize("member", ["model.safetensors", "state.json", "card.json"])
def test_a_file_that_was_changed_is_refused_before_anything_is_built(
    member: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = registered(registry, BALL)
    sha256 = registry.versions(BALL.name).manifest(version).files[member].sha256
    path = registry.objects.path(sha256)
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    monkeypatch.setattr("raasid.packaging.package.build_model", never)
    with pytest.raises(RegistryDamaged, match="was changed after it was written"):
        load_module(registry, BALL.name, str(version))


def never(*_: object) -> None:
    raise AssertionError("was reached")


def other_weights(change: Callable[[dict[str, torch.Tensor]], object]) -> dict[str, bytes]:
    tensors = safetensors.torch.load(dump_weights(made(BALL)))
    change(tensors)
    return {"model.safetensors": safetensors.torch.save(tensors)}


def renamed(tensors: dict[str, torch.Tensor]) -> None:
    tensors["net.other"] = tensors.pop("net.head.weight")


def as_half(tensors: dict[str, torch.Tensor]) -> None:
    tensors["net.head.weight"] = tensors["net.head.weight"].half()


FOREIGN: dict[str, tuple[dict[str, Any], str]] = {
    "tensor missing": (
        {"files": other_weights(lambda t: t.pop("net.head.weight"))},
        "made for another model: lacks net.head.weight",
    ),
    "tensor left over": (
        {"files": other_weights(lambda t: t.update(extra=torch.zeros(1)))},
        "made for another model: has besides extra",
    ),
    "another name": ({"files": other_weights(renamed)}, "lacks net.head.weight"),
    "another type": ({"files": other_weights(as_half)}, "net.head.weight is torch.float16"),
    "another width": ({"model": BALL.config | {"channels": 8}}, "made for another model"),
    "state of nothing": ({"files": {"state.json": b"[]"}}, "state.json: is not what such a model keeps"),
    "odd state": (
        {"files": {"state.json": b'{"operating_threshold": "high"}'}},
        "state.json: is not what such a model keeps",
    ),
    "card of nothing": ({"files": {"card.json": b"{}"}}, "card.json: name: Field required"),
    "no model": ({"model": {}}, "manifest.json: model"),
    "unknown field": ({"model": BALL.config | {"chanels": 8}}, r"model\.chanels +no such key"),
    "a class of the system": ({"model": {"_target_": "os.system"}}, "no model of this program"),
    "a class of torch": ({"model": {"_target_": "torch.nn.Linear"}}, "no model of this program"),
    "another task": ({"model": TINY["pose_topdown"].config}, "describes a pose_model, not a ball_model"),
    "a file of the machine": (
        {"model": {"_target_": f"{MEDIAPIPE}.PoseMediapipe", "task_file": "/etc/passwd"}},
        "is another file",
    ),
    "a net in a file": (
        {"model": {"_target_": "raasid.models.ball.yolo.BallYolo", "net": "/tmp/net.yaml"}},
        "is another file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOREIGN)
def test_a_version_that_is_no_model_of_ours_is_refused(case: str, registry: Registry) -> None:
    given, reason = FOREIGN[case]
    version = registered(registry, BALL, **given)
    with pytest.raises(PackageRefused, match=reason):
        load_module(registry, BALL.name, str(version))


def test_a_version_without_weights_is_refused_with_that_reason(registry: Registry) -> None:
    version = registry.register(BALL.name, {"notes.txt": b"nothing yet\n"})
    with pytest.raises(PackageRefused, match=r"model\.safetensors: ball_model v.* has no such file"):
        load_module(registry, BALL.name, str(version))


def test_with_trusted_keys_only_signed_versions_are_loaded(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = tmp_path / "ours.pem", tmp_path / "theirs.pem"
    listed = tmp_path / "keys.txt"
    listed.write_text(make_key(ours) + "\n")
    make_key(theirs)
    good = registered(registry, BALL, sign=signer(ours))
    strange = registered(registry, BALL, sign=signer(theirs))
    unsigned = registered(registry, BALL)
    load_module(registry, BALL.name, str(good), listed)
    for version in (strange, unsigned):
        load_module(registry, BALL.name, str(version))
        with pytest.raises(SignatureRefused):
            load_module(registry, BALL.name, str(version), listed)
    monkeypatch.setenv("RAASID_TRUSTED_KEYS", str(listed))
    with pytest.raises(SignatureRefused, match="is not signed"):
        raasid.packaging.load(BALL.name, str(unsigned), root=registry.root)
    raasid.packaging.load(BALL.name, str(good), root=registry.root)


def test_a_checkpoint_that_would_run_code_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"state_dict": {}, "extra": Harmful(tmp_path / "ran")}, path)
    with pytest.raises(CheckpointUnusable, match="cannot be read as a checkpoint"):
        load_checkpoint_weights(made(BALL), path)
    assert not (tmp_path / "ran").exists()


class Harmful:
    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.proof,)


def test_the_registry_imports_no_torch_until_a_model_is_loaded() -> None:
    code = """
import sys
import raasid.registry.registry, raasid.registry.file_checks, raasid.packaging.model_card
print(sorted({'torch', 'lightning', 'wandb', 'cv2', 'numpy', 'cryptography'} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert raasid.packaging.load is load
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = raasid.packaging.nothing


def test_a_net_of_ultralytics_is_loaded_with_its_weights(registry: Registry) -> None:
    recorded = {
        "_target_": "raasid.models.ball.yolo.BallYolo",
        "net": "yolo26n.yaml",
        "weights": "/mine/yolo.pt",
    }
    yolo = BALL._replace(config=recorded)
    model = made(yolo._replace(config={**recorded, "weights": None}))
    files = {"model.safetensors": dump_weights(model)}
    version = registered(registry, BALL, model=portable_model_config(recorded), files=files)
    assert BALL.ask(load_module(registry, BALL.name, str(version)).module) == BALL.ask(model)
