"""Weights are read from the files that ultralytics writes, and nothing else is."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from raasid.errors import CheckpointUnusable
from raasid.models.yolo.net import build_net
from raasid.models.yolo.weights import load_user_weights, read_user_weights


@pytest.fixture(scope="module")
def saved() -> Any:
    """A net of the library: 3 classes, trained for some steps, with its criterion still attached."""
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(1)
    net = DetectionModel("yolo11n.yaml", nc=3, verbose=False)
    net.args, net.criterion = get_cfg(), None
    return net


def test_the_average_in_a_training_checkpoint_is_preferred(tmp_path: Path, saved: Any) -> None:
    average = copy.deepcopy(saved)
    with torch.no_grad():
        average.model[0].conv.weight.fill_(0.5)
    file = tmp_path / "last.pt"
    torch.save({"epoch": 3, "model": saved, "ema": average.half(), "train_args": {"lr0": 0.01}}, file)
    net = build_net("yolo11n.yaml")
    taken = load_user_weights(net, file)
    state = net.state_dict()
    assert (state["model.0.conv.weight"] == 0.5).all()
    assert state["model.0.conv.weight"].dtype is torch.float32
    others = {name for name, value in average.state_dict().items() if state[name].shape != value.shape}
    assert others == {f"model.23.cv3.{i}.2.{kind}" for i in range(3) for kind in ("weight", "bias")}
    assert taken == len(state) - len(others)


def test_a_checkpoint_of_the_librarys_own_trainer_class_is_read(tmp_path: Path) -> None:
    from ultralytics import YOLO

    model = YOLO("yolo26n.yaml", verbose=False)
    model.save(tmp_path / "own.pt")
    found = read_user_weights(tmp_path / "own.pt")
    expected = model.model.state_dict()
    assert found.keys() == expected.keys()
    assert torch.equal(found["model.0.conv.weight"].float(), expected["model.0.conv.weight"].half().float())


def test_a_plain_state_dict_is_enough(tmp_path: Path, saved: Any, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(saved.state_dict(), tmp_path / "weights.pt")
    net = build_net("yolo11n.yaml", tmp_path / "weights.pt")
    assert torch.equal(net.state_dict()["model.1.conv.weight"], saved.state_dict()["model.1.conv.weight"])
    assert (
        f"{len(net.state_dict()) - 6} of the net's {len(net.state_dict())} tensors" in capsys.readouterr().err
    )


class Touch:
    """A pickle that creates a file if a reader executes it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


class Shell(Touch):
    """As above, by the shell."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (f"touch {self.mark}",)


class Download:
    """Requests a class of the library whose constructor would fetch a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        from ultralytics.nn.modules.block import TorchVision

        return TorchVision, ("resnet18",)


@pytest.mark.parametrize("kind", [Touch, Shell])
def test_no_code_that_a_file_names_is_executed(tmp_path: Path, saved: Any, kind: type[Touch]) -> None:
    mark, file = tmp_path / "mark", tmp_path / "bad.pt"
    torch.save({"model": saved, "extra": kind(mark)}, file)
    with pytest.raises(CheckpointUnusable, match=r"bad\.pt: .*state_dict\(\)"):
        read_user_weights(file)
    assert not mark.exists()


def test_classes_of_the_library_are_not_executed_either(tmp_path: Path, saved: Any) -> None:
    torch.save({"model": saved, "extra": Download()}, tmp_path / "sly.pt")
    assert read_user_weights(tmp_path / "sly.pt").keys() == saved.state_dict().keys()


def test_weights_of_another_net_are_refused_with_the_matching_share(tmp_path: Path, saved: Any) -> None:
    torch.save(saved.state_dict(), tmp_path / "weights.pt")
    with pytest.raises(CheckpointUnusable, match=r"tensors fit the net.*choose the model\.net"):
        build_net("yolov8s.yaml", tmp_path / "weights.pt")


@pytest.mark.parametrize("content", [b"", b"no pickle", b"PK\x03\x04 torn"])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(CheckpointUnusable, match=r"x\.pt: is no file of torch\.save"):
        read_user_weights(tmp_path / "x.pt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnusable, match=r"x\.pt: no such file"):
        read_user_weights(tmp_path / "x.pt")


def test_a_file_without_weights_is_named(tmp_path: Path) -> None:
    torch.save({"epoch": 1}, tmp_path / "x.pt")
    with pytest.raises(CheckpointUnusable, match="holds no weights"):
        read_user_weights(tmp_path / "x.pt")
