"""Pack a trained model into the files of a version, and load a registered version as a module."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from raasid.config.build import build
from raasid.config.error_messages import ConfigProblems
from raasid.config.section import ClassSection
from raasid.errors import UsageError
from raasid.models.config import ForeignModel, read_recorded_model
from raasid.models.module import TaskModule
from raasid.packaging.model_card import CARD, Card, read_card
from raasid.packaging.onnx.export import CARD as GRAPHS_CARD
from raasid.packaging.tensors import (
    STATE,
    WEIGHTS,
    dump_extra_state,
    dump_weights,
    load_extra_state,
    load_weights,
)
from raasid.registry.errors import PackageRefused
from raasid.registry.file_checks import check_files
from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry
from raasid.registry.signing import trusted_keys, verify
from raasid.registry.strict_json import parse_json
from raasid.tasks import TASKS

_MANIFEST = "manifest.json"


def parse_model_config(recorded: Mapping[str, Any], where: str = _MANIFEST) -> ClassSection:
    """Return the section of a model of this program, without files of the machine that trained it.

    Raises PackageRefused: another class, fields that it does not have, or a file outside the package.
    """
    try:
        return read_recorded_model(recorded)
    except ForeignModel as error:
        raise PackageRefused(where, error.reason) from error
    except ConfigProblems as error:
        raise PackageRefused(where, f"model: {error}") from error


def build_model(recorded: Mapping[str, Any]) -> TaskModule:
    """Build the module with random weights, without advancing the global RNG. Raises PackageRefused."""
    section = parse_model_config(recorded)
    try:
        with torch.random.fork_rng(devices=[]):
            model: TaskModule = build(section)
    except UsageError as error:
        raise PackageRefused(_MANIFEST, f"model: {error}") from error
    return model


def portable_model_config(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model's config as plain values without paths, for a manifest. Raises PackageRefused."""
    values: dict[str, Any] = parse_model_config(recorded, "model").model_dump(mode="json", by_alias=True)
    return values


def pack(
    model: TaskModule, config: Mapping[str, Any], card: Card, graphs: Path | None = None
) -> dict[str, Path | bytes]:
    """Return the files for `Registry.register` by name: weights, extra state, the card, and graphs.

    config: of the run, as its checkpoint holds it; with `portable(config["model"])` in the manifest the
    module can be built anywhere. graphs: folder in which `raasid export` wrote `*.onnx` and their card.
    Raises PackageRefused: a model that could not be built from its package, or incomplete graphs.
    """
    parse_model_config(config["model"], "model")
    files: dict[str, Path | bytes] = {
        WEIGHTS: dump_weights(model),
        STATE: dump_extra_state(model),
        CARD: card.to_json(),
    }
    return files if graphs is None else files | _graphs(graphs)


def _graphs(folder: Path) -> dict[str, Path | bytes]:
    card = folder / GRAPHS_CARD
    try:
        data = card.read_bytes()
        digests = {name: entry["sha256"] for name, entry in parse_json(data)["graphs"].items()}
        for name, sha256 in digests.items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha256:
                raise PackageRefused(
                    str(folder / name), "is not the graph of the card beside it; export again"
                )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageRefused(str(card), f"is no card of whole graphs ({error}); export again") from error
    return {GRAPHS_CARD: data, **{name: folder / name for name in digests}}


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """A registered version, ready for inference."""

    module: TaskModule
    """On the CPU, in evaluation mode."""
    version: Version
    manifest: Manifest
    card: Card


def load(
    name: str, ref: str = CHAMPION, *, root: str | Path = "registry", trusted: Path | None = None
) -> LoadedVersion:
    """Load the model of a version or an alias: `raasid.packaging.load("ball_model", "v20261123.1")`.

    root: the registry's folder. trusted: file of public keys, else RAASID_TRUSTED_KEYS; see `load_module`.
    """
    return load_module(Registry(Path(root)), name, ref, trusted)


def load_module(registry: Registry, name: str, ref: str, trusted: Path | None = None) -> LoadedVersion:
    """Verify every file of a version, then build its module from the manifest and load the weights.

    Nothing in a registry is executed: the class is one of this program, tensors come from safetensors, the
    rest from JSON.
    trusted: file of public keys, one of which must have signed the version.
    Raises BadName, NotRegistered, Collected; RegistryDamaged: a file was changed; SignatureRefused;
    PackageRefused: files that are no model of ours, or not of this kind.
    """
    version = registry.resolve(name, ref)
    manifest = registry.usable_manifest(name, version)
    keys = trusted_keys(trusted)
    if keys is not None:
        verify(manifest, keys)
    files = {member: registry.read(name, version, member) for member in manifest.files}
    check_files(files)
    for needed in (WEIGHTS, STATE, CARD):
        if needed not in files:
            raise PackageRefused(needed, f"{name} {version} has no such file: it holds no module")
    card = read_card(files[CARD])
    module = build_model(manifest.model)
    if (registry_name := TASKS[module.task].registry_name) != name:
        raise PackageRefused("manifest.json", f"describes a {registry_name}, not a {name}")
    load_weights(module, files[WEIGHTS])
    load_extra_state(module, files[STATE])
    module.config = dict(manifest.config) or None
    return LoadedVersion(module.eval(), version, manifest, card)
