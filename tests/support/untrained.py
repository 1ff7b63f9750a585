"""Checkpoints of untrained models, for tests that do not depend on accuracy."""

from __future__ import annotations

from pathlib import Path

import torch

from raasid.config.build import build
from raasid.config.compose import compose
from raasid.pipeline.verb_configs import TrainConfig

SMALL = {
    "ball": ["model.channels=4", "data.size=[320,184]"],
    "pose": ["model.channels=8", "model.joint_channels=8", "data.size=[320,184]"],
    "context": ["data.size=[320,184]"],
}


def checkpoint(folder: Path, task: str) -> Path:
    """A checkpoint as `raasid train experiment=<task>` writes it, with random weights."""
    torch.manual_seed(1)
    config = compose("train", TrainConfig, [f"experiment={task}", *SMALL[task]])
    model = build(config.model).eval()
    model.config = config.model_dump(mode="json", by_alias=True)
    held: dict[str, object] = {"state_dict": model.state_dict()}
    model.on_save_checkpoint(held)
    path = folder / f"{task}.ckpt"
    torch.save(held, path)
    return path
