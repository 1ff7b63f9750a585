"""The model that a checkpoint records is one of this program, or one that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from own_models import OwnBall

from raasid.errors import CheckpointUnusable
from raasid.models.ball.heatmap import BallHeatmap
from raasid.models.ball.yolo import BallYolo
from raasid.models.checkpoints import load_trained_model
from raasid.models.config import Model, recorded_model_config

HEATMAP = {"_target_": "raasid.models.ball.heatmap.BallHeatmap", "channels": 4}
YOLO = {"_target_": "raasid.models.ball.yolo.BallYolo"}
OWN = {"_target_": "own_models.OwnBall", "channels": 4}
RAN = "touch {ran}"


def recording(path: Path, model: Any, weights: torch.nn.Module | None = None) -> Path:
    """Write a checkpoint of plain values that records `model`."""
    state = {} if weights is None else weights.state_dict()
    torch.save({"state_dict": state, "config": {"model": model, "seed": 1}}, path)
    return path


CODE: dict[str, Any] = {
    "a function of the standard library": {"_target_": "subprocess.getoutput", "cmd": RAN},
    "a command with positional arguments": {"_target_": "os.system", "command": RAN},
    "a builtin": {"_target_": "builtins.exec", "source": "import pathlib; pathlib.Path('{ran}').touch()"},
    "a function of torch": {"_target_": "torch.hub.load", "repo_or_dir": "{ran}", "model": "x"},
    "a class that optimisers may name": {"_target_": "torch.optim.AdamW", "params": []},
    "a function of ours": {"_target_": "raasid.io.atomic.write_atomic", "path": "{ran}", "content": ""},
    "a class of ours that is no model": {"_target_": "raasid.training.checkpointing.Checkpoint"},
    "a module that ours imports": {"_target_": "raasid.training.lineage.subprocess.getoutput", "cmd": RAN},
    "a name that looks like ours": {"_target_": "rааsid.models.ball.heatmap.BallHeatmap"},
    "another class behind ours": [HEATMAP, {"_target_": "subprocess.getoutput", "cmd": RAN}],
    "a class instead of an argument": {**HEATMAP, "threshold": {"_target_": "os.system", "command": RAN}},
    "a list of names": {"_target_": ["subprocess.getoutput"], "cmd": RAN},
    "a number": 3,
    "a text": "subprocess.getoutput",
    "nothing": None,
    "no class": {"cmd": RAN},
    "a tensor": torch.ones(2),
    "a tensor as name": {"_target_": torch.ones(2)},
    "keys that are no text": {3: "x", None: 1, "_target_": "subprocess.getoutput"},
    "widths that do not fit": {
        "_target_": "raasid.models.context.transformer.ContextTransformer", "width": 9, "heads": 4
    },
}  # fmt: skip


def _filled(value: Any, ran: Path) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, ran) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, ran) for inner in value]
    return value.format(ran=ran) if isinstance(value, str) else value


@pytest.mark.parametrize("case", CODE)
def test_nothing_but_a_model_of_this_program_is_built(case: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    with pytest.raises(CheckpointUnusable, match=r"evil\.ckpt"):
        load_trained_model(recording(tmp_path / "evil.ckpt", _filled(CODE[case], ran)))
    assert not ran.exists()


def test_the_refusal_names_the_class_and_what_to_type(tmp_path: Path) -> None:
    path = recording(tmp_path / "own.ckpt", OWN)
    with pytest.raises(CheckpointUnusable) as refused:
        load_trained_model(path)
    assert str(refused.value) == (
        f"{path}: model._target_: 'own_models.OwnBall' is no model of this program, and a file cannot name "
        "another class; if it is yours, name it to a verb with a model section (evaluate, export): "
        "+model._target_=own_models.OwnBall"
    )


def test_a_class_that_the_user_names_is_built_with_the_recorded_arguments(tmp_path: Path) -> None:
    path = recording(tmp_path / "own.ckpt", OWN, OwnBall(channels=4))
    named = recorded_model_config({"_target_": "own_models.OwnBall", "channels": 64})
    model, config = load_trained_model(path, named)
    assert type(model) is OwnBall
    assert config["model"] == OWN


@pytest.mark.parametrize("named", [HEATMAP, {"_target_": "own_models.NoModel"}])
def test_the_name_of_another_class_allows_nothing(named: dict[str, Any], tmp_path: Path) -> None:
    path = recording(tmp_path / "own.ckpt", OWN, OwnBall(channels=4))
    with pytest.raises(CheckpointUnusable, match="is no model of this program"):
        load_trained_model(path, recorded_model_config(named))


@pytest.mark.parametrize("target", ["own_models.NoModel", "os.system", "torch.nn.Identity"])
def test_what_is_no_model_is_not_called_though_it_was_named(target: str, tmp_path: Path) -> None:
    recorded = {"_target_": target, "command": f"touch {tmp_path / 'ran'}"}
    path = recording(tmp_path / "evil.ckpt", recorded)
    with pytest.raises(CheckpointUnusable, match="is not called: it is no subclass of TaskModule"):
        load_trained_model(path, recorded_model_config(recorded))
    assert not (tmp_path / "ran").exists()


def test_the_files_that_a_training_started_from_are_not_read(tmp_path: Path) -> None:
    ball, yolo = BallHeatmap(channels=4), BallYolo("yolo26n.yaml")
    started = recording(tmp_path / "a.ckpt", {**HEATMAP, "init_from": "/dev/stdin"}, ball)
    load_trained_model(started)
    weights = recording(tmp_path / "b.ckpt", {**YOLO, "net": "yolo26n.yaml", "weights": "/gone.pt"}, yolo)
    load_trained_model(weights)


@pytest.mark.parametrize(
    ("recorded", "key"),
    [
        ({**YOLO, "net": "{file}"}, "net"),
        ({**YOLO, "net": "../net.yaml"}, "net"),
        ({"_target_": "raasid.models.pose.yolo.PoseYolo", "net": "{file}"}, "net"),
        (
            {"_target_": "raasid.models.pose.mediapipe_module.PoseMediapipe", "task_file": "{file}"},
            "task_file",
        ),
    ],
)
def test_another_file_that_a_checkpoint_names_is_not_opened(
    recorded: dict[str, Any], key: str, tmp_path: Path
) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("nc: 1\n")
    path = recording(tmp_path / "evil.ckpt", {k: v.format(file=file) for k, v in recorded.items()})
    with pytest.raises(CheckpointUnusable, match=rf"model\.{key}: '.*' is another file.*\+model\.{key}=FILE"):
        load_trained_model(path)


def test_a_file_of_this_folder_does_not_stand_for_a_net_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("yolo26n.yaml").write_text("nc: 1\n")
    with pytest.raises(CheckpointUnusable, match=r"model\.net: 'yolo26n\.yaml' is another file"):
        load_trained_model(recording(tmp_path / "a.ckpt", {**YOLO, "net": "yolo26n.yaml"}))


def test_a_net_file_that_the_user_names_replaces_the_recorded_one(tmp_path: Path) -> None:
    from ultralytics.utils import ROOT

    moved = tmp_path / "mine.yaml"
    moved.write_text((Path(ROOT) / "cfg/models/26/yolo26.yaml").read_text())
    path = recording(tmp_path / "a.ckpt", {**YOLO, "net": "/gone/mine.yaml"}, BallYolo(str(moved)))
    named: Model = recorded_model_config({**YOLO, "net": str(moved)})
    assert isinstance(load_trained_model(path, named)[0], BallYolo)
