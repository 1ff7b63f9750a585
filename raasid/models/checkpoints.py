"""Load checkpoints as data: nothing that a checkpoint holds is ever executed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from raasid.config.build import build, find_target
from raasid.config.error_messages import ConfigProblems
from raasid.errors import CheckpointUnusable
from raasid.models.config import ForeignModel, Model, read_recorded_model
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
        raise CheckpointUnusable(path, f"cannot be read as a checkpoint ({_unreadable(error)})") from error
    if not isinstance(loaded, dict):
        raise CheckpointUnusable(path, f"holds a {type(loaded).__name__}, not a checkpoint")
    return loaded


def refuse_pickled_code(path: Path) -> None:
    """Check a checkpoint that Lightning will read with pickle, as its FSDP strategy does.

    Raises CheckpointUnusable: a file that `load_checkpoint` refuses, or in which pickle might find another
    content than `load_checkpoint` did; a folder of shards, whose index is a pickle.
    """
    if path.is_dir():
        raise CheckpointUnusable(path, "is a folder of shards; their index is a pickle, which can run code")
    load_checkpoint(path)
    with path.open("rb") as file:
        if file.read(len(_ZIP_START)) != _ZIP_START:
            raise CheckpointUnusable(path, "is no archive of torch.save; this strategy reads nothing else")


_ZIP_START = b"PK\x03\x04"
"""A zip archive is found from its end: something else, which torch.load prefers, can stand before it."""


def load_trained_model(path: Path, named: Model | None = None) -> tuple[TaskModule, dict[str, Any]]:
    """Return the model with its weights, and the configuration of its run.

    named: the user's own `model` section, which allows a class that is not of this program; see
    `read_recorded_model`.
    Raises CheckpointUnusable: missing, truncated, not written by `raasid train`, or of a class that is
    neither ours nor named.
    """
    config = load_checkpoint(path).get("config")
    if not isinstance(config, dict):
        raise CheckpointUnusable(path, "holds no configuration; it was not written by `raasid train`")
    model = build_recorded_model(path, config, named)
    load_checkpoint_weights(model, path)
    return model, config


def build_recorded_model(path: Path, config: Mapping[str, Any], named: Model | None = None) -> TaskModule:
    """Build the model whose section a checkpoint recorded, with random weights.

    Raises CheckpointUnusable for a section that this version of the program does not know, or may not build.
    """
    try:
        section = read_recorded_model(config.get("model", {}), named)
    except ForeignModel as error:
        way_out = "if it is yours, name it to a verb with a model section (evaluate, export)"
        raise CheckpointUnusable(path, f"{error.reason}; {way_out}: {error.overrides}") from error
    except ConfigProblems as error:
        problems = "; ".join(f"{problem.path} {problem.message}" for problem in error.problems)
        raise CheckpointUnusable(path, f"was made by another version of this program: {problems}") from error
    cls = find_target(section.target)
    if not (isinstance(cls, type) and issubclass(cls, TaskModule)):
        raise CheckpointUnusable(path, f"{section.target} is not called: it is no subclass of TaskModule")
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

    path: a checkpoint, or the `model.safetensors` of a registered version.
    Returns the names of the tensors that keep their random values (of another head, say).
    Raises CheckpointUnusable if less than half of the model's values match: that is another architecture,
    and fine-tuning would silently be training from scratch.
    """
    path = Path(path)
    state = _read_safetensors(path) if path.suffix == ".safetensors" else _state(load_checkpoint(path), path)
    own = model.state_dict()
    matching = {n: v for n, v in state.items() if n in own and own[n].shape == v.shape}
    total, matched = sum(v.numel() for v in own.values()), sum(v.numel() for v in matching.values())
    if matched * 2 < total:
        raise CheckpointUnusable(
            path, f"fits {matched} of the model's {total} values; was it trained with another model or width?"
        )
    model.load_state_dict(matching, strict=False)
    return sorted(set(own) - set(matching))


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointUnusable(path, f"cannot be read: {_first_line(error)}") from error


def _state(checkpoint: dict[str, Any], path: Path) -> dict[str, Tensor]:
    state = checkpoint.get("state_dict", checkpoint)
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointUnusable(path, "holds no weights under 'state_dict'")
    return state


def _unreadable(error: Exception) -> str:
    """Say why torch read nothing; its own words recommend to load the file all the same, which runs it."""
    if not isinstance(error, UnpicklingError):
        return _first_line(error)
    named = re.search(r"GLOBAL ([\w.]+)", str(error))
    return f"it names {named[1]}, which was not run" if named else "it does not hold tensors and plain values"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2]) if lines else 'no details'}"
