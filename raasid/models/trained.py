"""A trained model from its checkpoint alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raasid.config.build import build
from raasid.config.model_section import model_section
from raasid.errors import CheckpointUnusable
from raasid.models.module import TaskModule
from raasid.models.weights import load_checkpoint, load_weights


def load_trained(path: Path) -> tuple[TaskModule, dict[str, Any]]:
    """Return the model with its weights, and the whole configuration that it was trained with.

    Raises CheckpointUnusable: missing, torn, or not written by `raasid train`.
    """
    trained = load_checkpoint(path).get("config")
    if not isinstance(trained, dict):
        raise CheckpointUnusable(path, "holds no configuration; it was not written by `raasid train`")
    model: TaskModule = build(model_section(trained["model"]))
    load_weights(model, path)
    return model, trained
