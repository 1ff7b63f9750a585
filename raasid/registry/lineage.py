"""Reads the lineage of a manifest, tolerating what other programs may have registered, and its parent.

A training records the parent in the lineage, so that every registry knows it; for versions registered by
other programs it is found by rules. By default a version is compared with its parent.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import EvaluationRecord, Manifest
from raasid.registry.registry import Registry

_SPLITS = ("train", "val", "test")


class VersionRef(NamedTuple):
    """A version of a model."""

    name: str
    version: Version

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class SplitSize:
    """How much footage a split holds."""

    name: str
    matches: int
    frames: int


@dataclass(frozen=True, slots=True)
class InputWeights:
    """Weights that a version was built on."""

    role: str
    """`init_from`, `resumed_from`, or the task of an upstream model."""
    sha256: str
    path: str
    version: VersionRef | None
    """The version of this registry that holds or produced them; None if there is none."""


def split_sizes(manifest: Manifest) -> list[SplitSize]:
    """Return matches and frames of each split: train, val, test, then others by name."""
    data = _mapping(manifest.lineage, "data")
    names = [name for name in data if isinstance(data[name], Mapping) and "frames" in data[name]]
    names.sort(key=lambda name: (name not in _SPLITS, _SPLITS.index(name) if name in _SPLITS else 0, name))
    return [
        SplitSize(name, _length(data[name].get("matches")), _length(data[name]["frames"])) for name in names
    ]


def data_facts(manifest: Manifest) -> dict[str, str]:
    """Return what else is known of the data: digests, editions, the source of tracks."""
    data, splits = _mapping(manifest.lineage, "data"), {split.name for split in split_sizes(manifest)}
    return {name: _plain(value) for name, value in sorted(data.items()) if name not in splits}


def evaluated_footage(data: Mapping[str, Any], split: str = "test") -> Any:
    """Return the matches and frames of the evaluated split; None if they were not recorded."""
    return data.get(split)


def evaluated_footage_text(evaluation: EvaluationRecord) -> str:
    """Return split, number of frames and the start of the labels' digest, to compare evaluations by eye."""
    split = _mapping(evaluation.data, evaluation.split)
    frames = f"{_length(split['frames'])} frames" if "frames" in split else ""
    digest = str(evaluation.data.get("labels_sha256", ""))[:8]
    return " ".join(word for word in (evaluation.split, frames, digest) if word)


def labels_digest(manifest: Manifest) -> str:
    """Return the digest of all labels; empty if it was not recorded."""
    return str(_mapping(manifest.lineage, "data").get("labels_sha256", ""))


def run_name(manifest: Manifest) -> str:
    """Return the run that trained the version; empty if it was not recorded."""
    return str(manifest.lineage.get("run", ""))


def study(manifest: Manifest) -> str:
    """Return the sweep of which the version is the best trial; empty if it is of none."""
    found = _mapping(manifest.lineage, "study")
    return f"{found.get('name')}, trial {found.get('trial')} of {found.get('trials')}" if found else ""


def find_version_of_run(registry: Registry, name: str, run_id: str, since: datetime) -> Version | None:
    """Return the version that a run has registered; None if it has not.

    since: start of the run. Older versions are not read, with a day's grace for clocks that differ.
    Raises RegistryDamaged.
    """
    versions = registry.versions(name)
    for version in versions.newest_first():
        manifest = versions.manifest(version)
        if manifest.lineage.get("run_id") == run_id:
            return version
        if datetime.fromisoformat(manifest.time) < since - timedelta(days=1):
            break
    return None


def environment(manifest: Manifest) -> dict[str, str]:
    """Return code revision, device and package versions."""
    return {name: _plain(value) for name, value in _mapping(manifest.lineage, "environment").items()}


def input_weights(registry: Registry, lineage: Mapping[str, Any]) -> list[InputWeights]:
    """Return the weights that a version was built on, each with its version in this registry."""
    inputs = {
        role: (sha256, str(file.get("path", "")))
        for role, file in _mapping(lineage, "inputs").items()
        if isinstance(file, Mapping) and (sha256 := str(file.get("sha256", "")))
    }
    known = find_versions_by_digest(registry, {sha256 for sha256, _ in inputs.values()})
    return [
        InputWeights(role, sha256, path, known.get(sha256)) for role, (sha256, path) in sorted(inputs.items())
    ]


def find_versions_by_digest(
    registry: Registry, digests: Collection[str], exclude: VersionRef | None = None
) -> dict[str, VersionRef]:
    """Return for each file digest the newest version that holds the file or whose run wrote it.

    exclude: a version that is not considered. Unknown digests are left out. Raises RegistryDamaged.
    """
    found: dict[str, VersionRef] = {}
    for name in registry.names() if digests else ():
        versions = registry.versions(name)
        for version in versions.newest_first():
            ref = VersionRef(name, version)
            for sha256 in _file_digests(versions.manifest(version)) if ref != exclude else ():
                if sha256 in digests:
                    found.setdefault(sha256, ref)
            if len(found) == len(set(digests)):
                return found
    return found


def _file_digests(manifest: Manifest) -> Iterator[str]:
    yield from (member.sha256 for member in manifest.files.values())
    outputs = manifest.lineage.get("outputs")
    for file in outputs.values() if isinstance(outputs, Mapping) else ():
        if isinstance(file, Mapping) and isinstance(file.get("sha256"), str):
            yield file["sha256"]


def _mapping(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = tree.get(key)
    return found if isinstance(found, Mapping) else {}


def _length(value: Any) -> int:
    if isinstance(value, list | tuple | dict):
        return len(value)
    return value if isinstance(value, int) else 0


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return str(value)


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
