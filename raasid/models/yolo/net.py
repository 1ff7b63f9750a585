"""Detection and pose nets of ultralytics as plain torch modules; the only file that imports that library.

Importing ultralytics checks for a network, creates a settings folder, replaces `torch.save` and Pillow's
`open`, changes how arrays are printed and how many threads OpenCV has. All of that is prevented or undone
here.
"""

from __future__ import annotations

import os
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import cv2
import lightning.pytorch as pl
import numpy as np
import torch
import yaml
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from raasid.config.suggestions import did_you_mean
from raasid.errors import UsageError
from raasid.footage.keypoints import NUM_KEYPOINTS
from raasid.models.layers import GlobalBatchNorm2d
from raasid.models.yolo.weights import load_user_weights

for _name, _value in {
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_VERBOSE": "0",
    "ULTRALYTICS_SAFE_LOAD": "1",  # activations named in a YAML are looked up, not evaluated
}.items():
    os.environ.setdefault(_name, _value)

_before = torch.save, cv2.getNumThreads(), np.get_printoptions(), Image.open
with tempfile.TemporaryDirectory() as _folder:
    _own = os.environ.get("YOLO_CONFIG_DIR")
    os.environ["YOLO_CONFIG_DIR"] = _own or _folder
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.modules.head import Detect, Pose, Pose26, v10Detect
    from ultralytics.nn.tasks import DetectionModel, PoseModel, yaml_model_load
    from ultralytics.utils import ROOT

    if _own is None:
        del os.environ["YOLO_CONFIG_DIR"]
torch.save = _before[0]
cv2.setNumThreads(_before[1])
np.set_printoptions(**_before[2])
Image.open = _before[3]
torch.set_printoptions(profile="default")  # type: ignore[no-untyped-call]

YoloTask = Literal["ball", "pose"]


class _NetSpec(NamedTuple):
    """Properties of the nets of one task."""

    model: type
    heads: tuple[type, ...]
    name: str
    example: str
    head_rule: str


_NET_SPECS: dict[YoloTask, _NetSpec] = {
    "ball": _NetSpec(
        DetectionModel, (Detect, v10Detect), "detection", "yolo26n.yaml", "a ball is found by a Detect head"
    ),
    "pose": _NetSpec(
        PoseModel, (Pose, Pose26), "pose", "yolo11n-pose.yaml", "joints are found by a Pose head"
    ),
}
_SCALE = re.compile(r"(yolov?\d+)[nslmx]")
_FAMILY = re.compile(r"(yolov?\d+)(.*)")


class UnknownNet(UsageError):
    """`model.net` is neither a file nor a net of the library for this task."""

    def __init__(self, net: str, task: YoloTask = "ball") -> None:
        spec = _NET_SPECS[task]
        super().__init__(
            f"model.net: {net!r} is no file and no {spec.name} net of ultralytics"
            f"{did_you_mean(net, net_names(task))}; "
            f"name one such as {spec.example}, or give the path of a YAML file"
        )


class NetUnusable(UsageError):
    """A YAML file that does not describe a net for this task."""

    def __init__(self, net: str, reason: str) -> None:
        super().__init__(f"model.net: {net}: {reason}")


def build_net(net: str, weights: Path | None = None, task: YoloTask = "ball") -> nn.Module:
    """Build a net with one class, from scratch or from a user's weights.

    net: name of the library (`yolo26n.yaml`, `yolo11s-p6.yaml` …; see `net_names`) or path of a YAML file.
    weights: a `.pt` file; tensors that fit are loaded, the others keep their random values.
    task: a pose net also predicts 17 keypoints with visibility.
    Batch normalisation is over all ranks (`GlobalBatchNorm2d`); `args` holds the library's default
    hyperparameters, from which its criterion reads the loss gains.
    Raises UnknownNet, NetUnusable, CheckpointUnusable.
    """
    if not Path(net).is_file() and not _in_library(net):
        raise UnknownNet(net, task)
    spec = _NET_SPECS[task]
    try:
        description = yaml_model_load(net)
        if task == "pose" and not description.get("kpt_shape"):
            raise NetUnusable(net, f"has no kpt_shape; {spec.head_rule}")
        model = spec.model(description, nc=1, verbose=False)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise NetUnusable(net, f"does not describe a net ({type(error).__name__}: {error})") from error
    except (RuntimeError, yaml.YAMLError) as error:
        raise NetUnusable(net, f"cannot be built ({str(error).splitlines()[0]})") from error
    head = model.model[-1]
    if type(head) not in spec.heads:
        raise NetUnusable(net, f"ends in a {type(head).__name__} head; {spec.head_rule}")
    if task == "pose" and tuple(head.kpt_shape) != (NUM_KEYPOINTS, 3):
        raise NetUnusable(net, f"has kpt_shape {list(head.kpt_shape)}; a player has [{NUM_KEYPOINTS}, 3]")
    model.args = get_cfg()
    if weights is not None:
        load_user_weights(model, weights)
    _use_global_batch_norm(model)
    return cast("nn.Module", model)


@cache
def net_names(task: YoloTask = "ball") -> tuple[str, ...]:
    """Return every name that `build_net` knows for a task, in alphabetical order."""
    names: set[str] = set()
    for file in _library_files().values():
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        if document["head"][-1][2] not in {head.__name__ for head in _NET_SPECS[task].heads}:
            continue
        scales = document.get("scales") or {}
        split = _FAMILY.match(file.stem)
        if scales and split and split[2][:1] not in scales:
            names.update(f"{split[1]}{scale}{split[2]}.yaml" for scale in scales)
        else:
            names.add(file.name)
    return tuple(sorted(names))


@cache
def _library_files() -> dict[str, Path]:
    return {file.name: file for file in (Path(ROOT) / "cfg" / "models").rglob("*.yaml")}


def _in_library(net: str) -> bool:
    """Whether the library has the net, without reading YAML: a file's name, or one with a scale letter."""
    return net in _library_files() or _SCALE.sub(r"\1", net, count=1) in _library_files()


def _use_global_batch_norm(model: nn.Module) -> None:
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.BatchNorm2d:
                norm = GlobalBatchNorm2d(child.num_features, child.eps, child.momentum)
                norm.load_state_dict(child.state_dict())
                setattr(parent, name, norm)


def detection_head(net: nn.Module) -> Any:
    """Return the detection head, for its `stride`, `end2end` and `max_det`."""
    return cast("Any", net).model[-1]


def backbone_end(net: nn.Module) -> nn.Module:
    """Return the last layer of the backbone."""
    layers = cast("Any", net)
    end: nn.Module = layers.model[len(layers.yaml["backbone"]) - 1]
    return end


DEFAULT_NUM_EPOCHS = 100
"""Of the loss's schedule, for a run without an end in epochs or steps (the library's own default)."""


def padded_input(images: Tensor, granularity: int) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, h, w) in [0, 1], padded with black to whole cells."""
    height, width = images.shape[1:3]
    x = images.permute(0, 3, 1, 2).float().div(255)
    pad = (-width % granularity, -height % granularity)
    # an exported graph pads images of any size
    padded = torch.onnx.is_in_onnx_export() or any(pad)
    return F.pad(x, (0, pad[0], 0, pad[1])) if padded else x


def num_epochs(trainer: pl.Trainer) -> int:
    """Return the number of epochs of a run: the loss shifts its weights over them."""
    if trainer.max_epochs is not None and trainer.max_epochs > 0:
        return trainer.max_epochs
    if trainer.max_steps > 0:
        per_epoch = trainer.num_training_batches / trainer.accumulate_grad_batches
        return max(1, round(trainer.max_steps / per_epoch))
    return DEFAULT_NUM_EPOCHS
