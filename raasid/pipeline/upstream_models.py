"""The ball and pose models whose tracks a context model gets: checkpoints, or versions of the registry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from raasid.config.section import VERSION_REF, PathsConfig
from raasid.datasets.datamodule import TaskDataModule
from raasid.datasets.source_configs import Data
from raasid.io.file_digests import sha256_of
from raasid.models.checkpoints import load_trained_model
from raasid.models.module import TaskModule
from raasid.packaging.package import load_module
from raasid.packaging.tensors import WEIGHTS
from raasid.pipeline.model_refs import resolve_checkpoint
from raasid.pipeline.verb_configs import NEWEST
from raasid.registry.names import CHAMPION, Version
from raasid.registry.registry import Registry
from raasid.tasks import TASKS

UpstreamTask = Literal["ball", "pose"]
UPSTREAM_TASKS: tuple[UpstreamTask, ...] = ("ball", "pose")


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """A ball or pose model, not loaded yet."""

    name: str
    """Its file, or NAME@VERSION."""
    file: Path
    """Holds the weights."""
    registry: Path | None = None
    """None for a checkpoint."""

    @classmethod
    def find(cls, which: str | Path, task: UpstreamTask, paths: PathsConfig) -> UpstreamModel:
        """Return the model that `newest`, a checkpoint or NAME@REF names.

        Raises NotTrainedYet, NotRegistered, VersionFreed, RegistryDamaged.
        """
        if Path(which).is_file() or not re.fullmatch(VERSION_REF, str(which)):
            file = resolve_checkpoint(which, Path(paths.logs), task)
            return cls(str(file), file)
        registry = Registry(Path(paths.registry))
        name, _, ref = str(which).partition("@")
        version = registry.resolve(name, ref)
        weights = registry.usable_manifest(name, version).files[WEIGHTS]
        return cls(f"{name}@{version}", registry.objects.path(weights.sha256), registry.root)

    def load(self) -> tuple[TaskModule, Mapping[str, Any]]:
        """Return the module and the configuration of its training.

        Raises CheckpointUnusable; what `load_module` raises.
        """
        if self.registry is None:
            return load_trained_model(self.file)
        name, _, version = self.name.partition("@")
        loaded = load_module(Registry(self.registry), name, version)
        return loaded.module, loaded.manifest.config

    def sha256(self) -> str:
        """Return the digest of the checkpoint, or of the version with all of its files."""
        if self.registry is None:
            return sha256_of(self.file)
        name, _, version = self.name.partition("@")
        _, digest = Registry(self.registry).versions(name).manifest_and_digest(Version.parse(version))
        return digest


def track_by(data: Data, models: Mapping[UpstreamTask, str]) -> Data:
    """Return a `data` section whose predicted tracks are those of the models; models: by NAME@REF."""
    tracks = data.tracks.model_copy(update={task: Path(model) for task, model in models.items()})
    return data.model_copy(update={"tracks": tracks})


def track_by_champions(data: Data, registry: Registry) -> Data:
    """Return a `data` section with the champions in service in place of the newest trained models.

    The newest model may be a challenger that was refused. A model that the user names stays, and so does
    `newest` where there is no champion.
    """
    champions: dict[UpstreamTask, str] = {}
    for task in UPSTREAM_TASKS:
        name = TASKS[task].registry_name
        version = registry.alias(name, CHAMPION)
        if version is not None and str(getattr(data.tracks, task)) == NEWEST:
            champions[task] = f"{name}@{version}"
    return track_by(data, champions)


def upstream_digests(data: TaskDataModule, paths: PathsConfig) -> dict[str, str]:
    """Return the digests of the models that the tracks of a datamodule come from; empty where none do."""
    if not data.input_checkpoints:
        return {}
    tracks = data.config.tracks
    return {task: UpstreamModel.find(getattr(tracks, task), task, paths).sha256() for task in UPSTREAM_TASKS}
