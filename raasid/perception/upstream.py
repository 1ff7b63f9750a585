"""A trained model, and how large the pictures were that it was trained on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch

from raasid.config.build import build
from raasid.config.model_section import model_section
from raasid.errors import CheckpointUnusable
from raasid.models.ball.module import BallModule
from raasid.models.folding import fold_norms
from raasid.models.module import TaskModule
from raasid.models.pose.module import PoseModule
from raasid.models.weights import load_checkpoint, load_weights

Module = TypeVar("Module", bound=TaskModule)


@dataclass(frozen=True, slots=True, eq=False)
class Upstream(Generic[Module]):
    """Weights with the size (width, height) in pixels at which they look, and a name by content."""

    module: Module
    size: tuple[int, int]
    name: str


def upstream_ball(path: Path, device: str) -> Upstream[BallModule]:
    """The ball model of a checkpoint. Raises CheckpointUnusable."""
    module, size = _loaded(path, device)
    if not isinstance(module, BallModule):
        raise _other_task(path, module, "ball")
    name = f"ball@{_digest(module, size)}"
    return Upstream(fold_norms(module), size, name)


def upstream_pose(path: Path, device: str) -> Upstream[PoseModule]:
    """The pose model of a checkpoint. Raises CheckpointUnusable."""
    module, size = _loaded(path, device)
    if not isinstance(module, PoseModule):
        raise _other_task(path, module, "pose")
    name = f"pose@{_digest(module, size)}"
    return Upstream(fold_norms(module), size, name)


def _loaded(path: Path, device: str) -> tuple[TaskModule, tuple[int, int]]:
    """Weights, operating point and input size all come from the file."""
    trained = load_checkpoint(path).get("config")
    if not isinstance(trained, dict):
        raise CheckpointUnusable(path, "holds no configuration; it was not written by `raasid train`")
    module: TaskModule = build(model_section(trained["model"]))
    load_weights(module, path)
    data = trained["data"]
    scale = data.get("eval_scale") or 1.0
    width, height = (round(edge * scale) for edge in data["size"])
    return module.to(device).eval(), (width, height)


def _other_task(path: Path, module: TaskModule, wanted: str) -> CheckpointUnusable:
    return CheckpointUnusable(path, f"holds a {type(module).__name__}; a {wanted} model is needed here")


def _digest(module: TaskModule, size: tuple[int, int]) -> str:
    """Eight hex digits of weights, kind, size and operating point: what an answer depends on."""
    digest = hashlib.sha256()
    facts = type(module).__name__, size, getattr(module, "operating_threshold", None)
    digest.update(json.dumps(facts).encode())
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:8]
