"""From a registry to a module that works; what is not as it was registered is refused before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raasid.models.module import REGISTRY_NAME, TaskModule
from raasid.registry.errors import PackageRefused
from raasid.registry.names import CHAMPION, Version
from raasid.registry.package.accepted import check_files
from raasid.registry.package.card import CARD, Card, read_card
from raasid.registry.package.kept_state import STATE, give_state
from raasid.registry.package.own_model import own_model
from raasid.registry.package.signing import verify
from raasid.registry.package.trusted import trusted_keys
from raasid.registry.package.weights import WEIGHTS, give_weights
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version, ready to be asked."""

    module: TaskModule
    """On the CPU, in evaluation mode."""
    version: Version
    manifest: Manifest
    card: Card


def get(
    name: str, ref: str = CHAMPION, *, root: str | Path = "registry", trusted: Path | None = None
) -> Loaded:
    """The model that a version or an alias names: `raasid.registry.get("ball_model", "v20261123.1")`.

    root: the registry's folder. trusted: file of public keys, else RAASID_TRUSTED_KEYS; see `load_module`.
    """
    return load_module(Registry(Path(root)), name, ref, trusted)


def load_module(registry: Registry, name: str, ref: str, trusted: Path | None = None) -> Loaded:
    """Verify every file of a version, then build its module from the manifest and give it the weights.

    Nothing in a registry is code, and nothing of it is run: the class is one of ours, tensors come from
    safetensors, the rest from JSON.
    trusted: file of public keys, one of which must have signed the version.
    Raises BadName, NotRegistered, Collected; RegistryDamaged: a file was changed; SignatureRefused;
    PackageRefused: files that are no model of ours, or not of this kind.
    """
    version = registry.resolve(name, ref)
    manifest = registry.usable(name, version)
    keys = trusted_keys(trusted)
    if keys is not None:
        verify(manifest, keys)
    files = {member: registry.read(name, version, member) for member in manifest.files}
    check_files(files)
    for needed in (WEIGHTS, STATE, CARD):
        if needed not in files:
            raise PackageRefused(needed, f"{name} {version} has no such file: it holds no module")
    card = read_card(files[CARD])
    module = own_model(manifest.model)
    if REGISTRY_NAME[module.task] != name:
        raise PackageRefused("manifest.json", f"describes a {REGISTRY_NAME[module.task]}, not a {name}")
    give_weights(module, files[WEIGHTS])
    give_state(module, files[STATE])
    module.config = dict(manifest.config) or None
    return Loaded(module.eval(), version, manifest, card)
