"""The model that a command line names, ready to be measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raasid.config import EvaluateConfig
from raasid.config.build import build
from raasid.config.schema.paths import PathsConfig
from raasid.errors import UsageError
from raasid.models.module import TaskModule
from raasid.models.trained import load_trained
from raasid.registry.package.load import Loaded, load_module
from raasid.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model with its weights, and the configuration that it was trained with."""

    name: str
    """For people: a file, NAME@REF, or the class of a model that is not trained."""
    module: TaskModule
    trained: dict[str, Any]
    """Empty for a model that is not trained."""
    loaded: Loaded | None = None
    """Where it comes from, if that is a registry."""


def asked(cfg: EvaluateConfig) -> NamedModel:
    """What is to be measured: `version`, `ckpt_path`, or `model` alone.

    Raises UsageError for a model that is trained and comes without weights; CheckpointUnusable; what
    `load_module` raises.
    """
    if cfg.version is not None:
        return registered(cfg.version, cfg.paths)
    if cfg.ckpt_path is not None:
        return NamedModel(cfg.ckpt_path, *load_trained(Path(cfg.ckpt_path)))
    assert cfg.model is not None
    module: TaskModule = build(cfg.model)
    if module.trainable:
        raise UsageError(f"model: {type(module).__name__} is trained; give its weights, ckpt_path=FILE")
    return NamedModel(type(module).__name__, module, {})


def rival(named: str, paths: PathsConfig, task: str) -> NamedModel:
    """What it is measured against: NAME@REF or a file; UsageError if that is no model of the same task."""
    file = Path(named).is_file()
    model = NamedModel(named, *load_trained(Path(named))) if file else registered(named, paths)
    if model.module.task != task:
        raise UsageError(f"against: '{named}' is a {model.module.task} model, and a {task} model is measured")
    return model


def registered(ref: str, paths: PathsConfig) -> NamedModel:
    """NAME@REF of the registry."""
    name, _, version = ref.partition("@")
    loaded = load_module(Registry(paths.registry), name, version)
    return NamedModel(ref, loaded.module, loaded.manifest.config, loaded)
