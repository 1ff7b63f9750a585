"""The version with which a version is compared, if nobody says which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raasid.pipeline.registry_command.origin import Upstream
from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Parent:
    """A version, and in what way it is a parent."""

    version: Version
    why: str


def parent_of(registry: Registry, manifest: Manifest, origins: Sequence[Upstream]) -> Parent | None:
    """The version whose weights it began with; else the champion of that time; else the one before."""
    name, version = manifest.name, Version.parse(manifest.version)
    began_with = next((o.version.version for o in origins if o.version and o.version.name == name), None)
    if began_with not in (None, version):
        return Parent(began_with, "whose weights it began with")
    champion = _champion_then(registry, name, manifest.time)
    if champion not in (None, version):
        return Parent(champion, "champion at that time")
    versions = registry.versions(name)
    before = next((v for v in reversed(versions.names()) if v < version and versions.has(v)), None)
    return None if before is None else Parent(before, "the version before")


def _champion_then(registry: Registry, name: str, time: str) -> Version | None:
    history = registry.alias_history(name, CHAMPION).backwards()
    text = next((link.body["version"] for link in history if link.body["time"] <= time), None)
    return None if text is None else Version.maybe(text)
