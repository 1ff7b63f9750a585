"""The parent of a version, with which it is compared by default, and the config keys in which the two differ.

A training records the parent in the lineage, so that every registry knows it; for versions registered by
other programs it is found by rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from raasid.registry.lineage import input_weights
from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry

ABSENT = "-"


class ConfigChange(NamedTuple):
    """A config key and its JSON value on either side; `-` where the key is absent."""

    key: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The parent version, why it is the parent, and what the child's config changed."""

    version: Version
    why: str
    changes: tuple[ConfigChange, ...] = ()

    def to_lineage(self) -> dict[str, Any]:
        """Return plain values for the lineage of the child."""
        return {"version": str(self.version), "why": self.why, "changes": [list(c) for c in self.changes]}


def parent_of(registry: Registry, manifest: Manifest) -> Parent | None:
    """Return the recorded parent of a version, else the one found by rules; None if there is none."""
    recorded = manifest.lineage.get("parent")
    if isinstance(recorded, Mapping):
        try:
            changes = tuple(ConfigChange(*map(str, change)) for change in recorded["changes"])
            return Parent(Version.parse(recorded["version"]), str(recorded["why"]), changes)
        except (KeyError, TypeError):  # written by another program
            pass
    version = Version.parse(manifest.version)
    return find_parent(registry, manifest.name, manifest.lineage, manifest.config, manifest.time, version)


def find_parent(
    registry: Registry,
    name: str,
    lineage: Mapping[str, Any],
    config: Mapping[str, Any],
    time: str,
    version: Version | None = None,
) -> Parent | None:
    """Return the version whose weights it began with, else the champion of that time, else the one before.

    version: the child itself; None if it is not registered yet.
    """

    def parent(found: Version, why: str) -> Parent:
        changes = config_delta(registry.versions(name).manifest(found).config, config)
        return Parent(found, why, tuple(changes))

    inputs = input_weights(registry, lineage)
    began_with = next((i.version.version for i in inputs if i.version and i.version.name == name), None)
    if began_with is not None and began_with != version:
        return parent(began_with, "whose weights it began with")
    champion = _champion_at(registry, name, time)
    if champion is not None and champion != version:
        return parent(champion, "champion at that time")
    versions = registry.versions(name)
    earlier = (v for v in reversed(versions.names()) if version is None or v < version)
    before = next((v for v in earlier if versions.has(v)), None)
    return None if before is None else parent(before, "the version before")


def config_delta(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[ConfigChange]:
    """Return every key whose value differs, sorted; values as JSON."""
    before, after = dict(_flat(old)), dict(_flat(new))
    return [
        ConfigChange(key, before.get(key, ABSENT), after.get(key, ABSENT))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{path}.")
        else:
            yield path, json.dumps(value, ensure_ascii=False)


def _champion_at(registry: Registry, name: str, time: str) -> Version | None:
    history = registry.alias_history(name, CHAMPION).newest_first()
    text = next((record.body["version"] for record in history if record.body["time"] <= time), None)
    return None if text is None else Version.try_parse(text)
