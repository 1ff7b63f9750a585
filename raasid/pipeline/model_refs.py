"""The newest trained model of each task: what the next one is built on unless told otherwise.

The model that a command line names, ready to be measured.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.config.build import build
from raasid.config.section import PathsConfig
from raasid.errors import UsageError
from raasid.models.checkpoints import load_trained_model
from raasid.models.module import TaskModule
from raasid.packaging.package import LoadedVersion, load_module
from raasid.pipeline.verb_configs import EvaluateConfig
from raasid.registry.registry import Registry
from raasid.tasks import TaskName

NEWEST = "newest"


class NotTrainedYet(UsageError):
    """A task of which no training has ended here."""

    def __init__(self, task: str, logs: Path) -> None:
        super().__init__(
            f"no {task} model has been trained below {logs}; train one with "
            f"`raasid train experiment={task}`, or name its checkpoint"
        )


def remember(logs: Path, task: TaskName, checkpoint: Path) -> None:
    """Note a checkpoint as the newest of its task; the note appears whole."""
    note = _note(logs, task)
    note.parent.mkdir(parents=True, exist_ok=True)
    draft = note.with_name(f".{note.name}.{os.getpid()}")
    draft.write_text(json.dumps({"checkpoint": str(checkpoint.absolute())}) + "\n", encoding="utf-8")
    draft.replace(note)


def find_newest(logs: Path, task: TaskName) -> Path:
    """The checkpoint that `remember` noted last and that is still there. Raises NotTrainedYet."""
    try:
        path = Path(json.loads(_note(logs, task).read_text(encoding="utf-8"))["checkpoint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotTrainedYet(task, logs) from error
    if not path.is_file():
        raise NotTrainedYet(task, logs)
    return path


def chosen(which: str | Path, logs: Path, task: TaskName) -> Path:
    """A checkpoint by name: `newest`, or a file."""
    return find_newest(logs, task) if str(which) == NEWEST else Path(which)


def _note(logs: Path, task: str) -> Path:
    return logs / NEWEST / f"{task}.json"


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model with its weights, and the configuration that it was trained with."""

    name: str
    """For people: a file, NAME@REF, or the class of a model that is not trained."""
    module: TaskModule
    trained: dict[str, Any]
    """Empty for a model that is not trained."""
    loaded: LoadedVersion | None = None
    """Where it comes from, if that is a registry."""


def asked(cfg: EvaluateConfig) -> NamedModel:
    """What is to be measured: `version`, `ckpt_path`, or `model` alone.

    Raises UsageError for a model that is trained and comes without weights; CheckpointUnusable; what
    `load_module` raises.
    """
    if cfg.version is not None:
        return registered(cfg.version, cfg.paths)
    if cfg.ckpt_path is not None:
        return NamedModel(cfg.ckpt_path, *load_trained_model(Path(cfg.ckpt_path)))
    assert cfg.model is not None
    module: TaskModule = build(cfg.model)
    if module.trainable:
        raise UsageError(f"model: {type(module).__name__} is trained; give its weights, ckpt_path=FILE")
    return NamedModel(type(module).__name__, module, {})


def rival(named: str, paths: PathsConfig, task: str) -> NamedModel:
    """What it is measured against: NAME@REF or a file; UsageError if that is no model of the same task."""
    file = Path(named).is_file()
    model = NamedModel(named, *load_trained_model(Path(named))) if file else registered(named, paths)
    if model.module.task != task:
        raise UsageError(f"against: '{named}' is a {model.module.task} model, and a {task} model is measured")
    return model


def registered(ref: str, paths: PathsConfig) -> NamedModel:
    """NAME@REF of the registry."""
    name, _, version = ref.partition("@")
    loaded = load_module(Registry(paths.registry), name, version)
    return NamedModel(ref, loaded.module, loaded.manifest.config, loaded)
