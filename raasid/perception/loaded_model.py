"""Ball and pose models, ready for inference, with their input size and a name by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch

from raasid.errors import CheckpointUnusable
from raasid.models.ball.module import BallModule
from raasid.models.checkpoints import load_trained_model
from raasid.models.layers import fold_batch_norms
from raasid.models.module import TaskModule
from raasid.models.pose.module import PoseModule

Module = TypeVar("Module", bound=TaskModule)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel(Generic[Module]):
    """A model with the size (width, height) of its input in pixels, and a name by content."""

    module: Module
    size: tuple[int, int]
    name: str


def load_ball_model(path: Path, device: str) -> LoadedModel[BallModule]:
    """Load the ball model of a checkpoint. Raises CheckpointUnusable."""
    return prepare_ball_model(*load_trained_model(path), device, str(path))


def load_pose_model(path: Path, device: str) -> LoadedModel[PoseModule]:
    """Load the pose model of a checkpoint. Raises CheckpointUnusable."""
    return prepare_pose_model(*load_trained_model(path), device, str(path))


def prepare_ball_model(
    module: TaskModule, trained: Mapping[str, Any], device: str, source: str
) -> LoadedModel[BallModule]:
    """Make a trained ball model ready for inference.

    trained: configuration of its training, which has its input size. source: of the model, for messages.
    Raises CheckpointUnusable for a model of another task.
    """
    if not isinstance(module, BallModule):
        raise _wrong_task(source, module, "ball")
    size = _input_size(trained)
    name = f"ball@{_digest(module, size)}"
    return LoadedModel(fold_batch_norms(module.to(device).eval()), size, name)


def prepare_pose_model(
    module: TaskModule, trained: Mapping[str, Any], device: str, source: str
) -> LoadedModel[PoseModule]:
    """As `prepare_ball_model`."""
    if not isinstance(module, PoseModule):
        raise _wrong_task(source, module, "pose")
    size = _input_size(trained)
    name = f"pose@{_digest(module, size)}"
    return LoadedModel(fold_batch_norms(module.to(device).eval()), size, name)


def _input_size(trained: Mapping[str, Any]) -> tuple[int, int]:
    data = trained["data"]
    scale = data.get("eval_scale") or 1.0
    width, height = (round(edge * scale) for edge in data["size"])
    return width, height


def _wrong_task(source: str, module: TaskModule, wanted: str) -> CheckpointUnusable:
    return CheckpointUnusable(source, f"holds a {type(module).__name__}; a {wanted} model is needed here")


def _digest(module: TaskModule, size: tuple[int, int]) -> str:
    """Return eight hex digits of weights, class, size and operating point, on which predictions depend."""
    digest = hashlib.sha256()
    parameters = type(module).__name__, size, getattr(module, "operating_threshold", None)
    digest.update(json.dumps(parameters).encode())
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:8]
