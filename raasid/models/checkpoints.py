"""Load checkpoints as data: nothing that a checkpoint holds is ever executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from raasid.config.build import build
from raasid.config.error_messages import ConfigProblems
from raasid.errors import CheckpointUnusable
from raasid.models.config import recorded_model_config
from raasid.models.module import TaskModule


def load_checkpoint(path: Path, map_location: Any | None = "cpu") -> dict[str, Any]:
    """Read a checkpoint file with `weights_only=True`.

    Raises CheckpointUnusable: missing, truncated, or holding something other than tensors and values.
    """
    if not path.is_file():
        raise CheckpointUnusable(path, "no such checkpoint")
    try:
        loaded = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # torch raises half a dozen types here, none of them documented
        raise CheckpointUnusable(path, f"cannot be read as a checkpoint ({_first_line(error)})") from error
    if not isinstance(loaded, dict):
        raise CheckpointUnusable(path, f"holds a {type(loaded).__name__}, not a checkpoint")
    return loaded


def load_trained_model(path: Path) -> tuple[TaskModule, dict[str, Any]]:
    """Return the model with its weights, and the configuration of its run.

    Raises CheckpointUnusable: missing, truncated, or not written by `raasid train`.
    """
    config = load_checkpoint(path).get("config")
    if not isinstance(config, dict):
        raise CheckpointUnusable(path, "holds no configuration; it was not written by `raasid train`")
    model = build_recorded_model(path, config)
    load_checkpoint_weights(model, path)
    return model, config


def build_recorded_model(path: Path, config: Mapping[str, Any]) -> TaskModule:
    """Build the model whose section a checkpoint recorded, with random weights.

    Raises CheckpointUnusable for a section that this version of the program does not know.
    """
    try:
        section = recorded_model_config(config.get("model", {}))
    except ConfigProblems as error:
        problems = "; ".join(f"{problem.path} {problem.message}" for problem in error.problems)
        raise CheckpointUnusable(path, f"was made by another version of this program: {problems}") from error
    model: TaskModule = build(section)
    return model


def load_checkpoint_weights(model: nn.Module, path: Path) -> None:
    """Load a checkpoint's weights and extra state into `model`.

    Raises CheckpointUnusable: a tensor is missing, left over or of another shape, or the extra state is that
    of another version.
    """
    checkpoint = load_checkpoint(path)
    state = _state(checkpoint, path)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointUnusable(path, f"made for another model: {_first_line(error)}") from error
    hook = getattr(model, "on_load_checkpoint", None)
    if callable(hook):
        try:
            hook(checkpoint)
        except (TypeError, KeyError, ValueError) as error:
            reason = f"its state is of another version of this program: {_first_line(error)}"
            raise CheckpointUnusable(path, reason) from error


def load_matching_weights(model: nn.Module, path: str | Path) -> list[str]:
    """Initialise `model` with the weights of another run whose names and shapes match.

    Returns the names of the tensors that keep their random values (of another head, say).
    Raises CheckpointUnusable if less than half of the model's values match: that is another architecture,
    and fine-tuning would silently be training from scratch.
    """
    path = Path(path)
    state = _state(load_checkpoint(path), path)
    own = model.state_dict()
    matching = {n: v for n, v in state.items() if n in own and own[n].shape == v.shape}
    total, matched = sum(v.numel() for v in own.values()), sum(v.numel() for v in matching.values())
    if matched * 2 < total:
        raise CheckpointUnusable(
            path, f"fits {matched} of the model's {total} values; was it trained with another model or width?"
        )
    model.load_state_dict(matching, strict=False)
    return sorted(set(own) - set(matching))


def _state(checkpoint: dict[str, Any], path: Path) -> dict[str, Tensor]:
    state = checkpoint.get("state_dict", checkpoint)
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointUnusable(path, "holds no weights under 'state_dict'")
    return state


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2]) if lines else 'no details'}"
