"""Models by name: the newest trained checkpoint of each task, and the models that an evaluation names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.config.build import build
from raasid.config.section import PathsConfig
from raasid.errors import UsageError
from raasid.io.atomic import write_atomic
from raasid.models.checkpoints import load_trained_model
from raasid.models.module import TaskModule
from raasid.packaging.package import LoadedVersion, load_module
from raasid.pipeline.verb_configs import NEWEST, EvaluateConfig
from raasid.registry.registry import Registry
from raasid.tasks import TaskName


class NotTrainedYet(UsageError):
    """No finished training of a task was found."""

    def __init__(self, task: str, logs: Path) -> None:
        super().__init__(
            f"no {task} model has been trained below {logs}; train one with "
            f"`raasid train experiment={task}`, or name its checkpoint"
        )


def record_latest_checkpoint(logs: Path, task: TaskName, checkpoint: Path) -> None:
    """Record a checkpoint as the newest of its task."""
    record = json.dumps({"checkpoint": str(checkpoint.absolute())}) + "\n"
    write_atomic(_record_file(logs, task), record)


def resolve_checkpoint(which: str | Path, logs: Path, task: TaskName) -> Path:
    """Return the checkpoint that `newest` or a file names; raises NotTrainedYet."""
    if str(which) != NEWEST:
        return Path(which)
    try:
        path = Path(json.loads(_record_file(logs, task).read_text(encoding="utf-8"))["checkpoint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotTrainedYet(task, logs) from error
    if not path.is_file():
        raise NotTrainedYet(task, logs)
    return path


def _record_file(logs: Path, task: str) -> Path:
    return logs / NEWEST / f"{task}.json"


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model with its weights, and the configuration that it was trained with."""

    name: str
    """For people: a file, NAME@REF, or the class of a model that is not trained."""
    module: TaskModule
    trained: dict[str, Any]
    """The configuration of its training; empty for a model that is not trained."""
    loaded: LoadedVersion | None = None
    """The registered version, if it comes from the registry."""


def model_to_evaluate(cfg: EvaluateConfig) -> NamedModel:
    """Load the model that `version`, `ckpt_path`, or `model` alone names.

    Raises UsageError for a trainable model without weights; CheckpointUnusable; what `load_module` raises.
    """
    if cfg.version is not None:
        return load_registered(cfg.version, cfg.paths)
    if cfg.ckpt_path is not None:
        return NamedModel(cfg.ckpt_path, *load_trained_model(Path(cfg.ckpt_path), cfg.model))
    assert cfg.model is not None
    module: TaskModule = build(cfg.model)
    if module.trainable:
        raise UsageError(f"model: {type(module).__name__} is trained; give its weights, ckpt_path=FILE")
    return NamedModel(type(module).__name__, module, {})


def baseline_model(ref: str, cfg: EvaluateConfig, task: str) -> NamedModel:
    """Load the model to compare with, NAME@REF or a file; UsageError if it is for another task."""
    if Path(ref).is_file():
        model = NamedModel(ref, *load_trained_model(Path(ref), cfg.model))
    else:
        model = load_registered(ref, cfg.paths)
    if model.module.task != task:
        raise UsageError(f"against: '{ref}' is a {model.module.task} model, and a {task} model is measured")
    return model


def require_model_in_use(cfg: EvaluateConfig, *models: NamedModel) -> None:
    """Raise UsageError for a `model` section that describes none of the models that are measured."""
    recorded = [model.trained.get("model") for model in models]
    used = [section.get("_target_") if isinstance(section, Mapping) else None for section in recorded]
    if cfg.model is not None and None not in used and cfg.model.target not in used:
        name = cfg.model.target.rpartition(".")[2]
        raise UsageError(f"model: {name} is not what is measured; leave it out, or leave out the checkpoint")


def load_registered(ref: str, paths: PathsConfig) -> NamedModel:
    """Load NAME@REF from the registry."""
    name, _, version = ref.partition("@")
    loaded = load_module(Registry(paths.registry), name, version)
    return NamedModel(ref, loaded.module, loaded.manifest.config, loaded)
