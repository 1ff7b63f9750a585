"""What a manifest's lineage says, read leniently: other programs may have registered the version.

The version with which a version is compared, if nobody says which.

A training notes it, with all that its configuration changed, in the lineage of the version: so it is known
wherever the version goes. Of versions that others have registered it is found anew.

In which keys two configurations differ.

Which version a file came from.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import Evaluation, Manifest
from raasid.registry.registry import Registry

ABSENT = "-"


class Difference(NamedTuple):
    """A key by its path, and its value on either side; `-` where there is no such key."""

    key: str
    old: str
    new: str


def config_delta(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Every key with another value, sorted; values as JSON."""
    before, after = dict(_flat(old)), dict(_flat(new))
    return [
        Difference(key, before.get(key, ABSENT), after.get(key, ABSENT))
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


class Ref(NamedTuple):
    """A version of a model."""

    name: str
    version: Version

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def makers(registry: Registry, wanted: Collection[str], besides: Ref | None = None) -> dict[str, Ref]:
    """sha256 of a file -> the newest version that holds it, or whose run wrote it; `besides` is not asked.

    Digests that no version knows are left out. Raises RegistryDamaged.
    """
    found: dict[str, Ref] = {}
    for name in registry.names() if wanted else ():
        versions = registry.versions(name)
        for version in versions.newest_first():
            ref = Ref(name, version)
            for sha256 in _made(versions.manifest(version)) if ref != besides else ():
                if sha256 in wanted:
                    found.setdefault(sha256, ref)
            if len(found) == len(set(wanted)):
                return found
    return found


def _made(manifest: Manifest) -> Iterator[str]:
    yield from (member.sha256 for member in manifest.files.values())
    outputs = manifest.lineage.get("outputs")
    for file in outputs.values() if isinstance(outputs, Mapping) else ():
        if isinstance(file, Mapping) and isinstance(file.get("sha256"), str):
            yield file["sha256"]


_SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Split:
    """How much footage a part of the data holds."""

    name: str
    matches: int
    frames: int


@dataclass(frozen=True, slots=True)
class Upstream:
    """Weights that a version was built on."""

    role: str
    """`init_from`, `resumed_from`, or the task of an upstream model."""
    sha256: str
    path: str
    version: Ref | None
    """Of this registry, which holds or made them; None: it knows none."""


def splits(manifest: Manifest) -> list[Split]:
    """Matches and frames of each part, those to train on first."""
    data = _mapping(manifest.lineage, "data")
    parts = [name for name in data if isinstance(data[name], Mapping) and "frames" in data[name]]
    parts.sort(key=lambda name: (name not in _SPLITS, _SPLITS.index(name) if name in _SPLITS else 0, name))
    return [Split(name, _length(data[name].get("matches")), _length(data[name]["frames"])) for name in parts]


def data_facts(manifest: Manifest) -> dict[str, str]:
    """What else is known of the data: digests, editions, where tracks came from."""
    data, known = _mapping(manifest.lineage, "data"), {part.name for part in splits(manifest)}
    return {name: _plain(value) for name, value in sorted(data.items()) if name not in known}


def held_out(data: Mapping[str, Any], split: str = "test") -> Any:
    """The matches and frames that figures stand on; None where they were not recorded."""
    return data.get(split)


def footage_of(evaluation: Evaluation) -> str:
    """What was looked at: split, frames, and a mark by which to see whether the data are the same."""
    part = _mapping(evaluation.data, evaluation.split)
    frames = f"{_length(part['frames'])} frames" if "frames" in part else ""
    digest = str(evaluation.data.get("labels_sha256", ""))[:8]
    return " ".join(word for word in (evaluation.split, frames, digest) if word)


def labels_digest(manifest: Manifest) -> str:
    """One digest over all labels; empty where none was recorded."""
    return str(_mapping(manifest.lineage, "data").get("labels_sha256", ""))


def run(manifest: Manifest) -> str:
    """The run that made it; empty where none was recorded."""
    return str(manifest.lineage.get("run", ""))


def environment(manifest: Manifest) -> dict[str, str]:
    """Code revision, device and versions of packages."""
    return {name: _plain(value) for name, value in _mapping(manifest.lineage, "environment").items()}


def upstream(registry: Registry, lineage: Mapping[str, Any]) -> list[Upstream]:
    """The weights behind a version, and which versions of this registry they are."""
    wanted = {
        role: (sha256, str(file.get("path", "")))
        for role, file in _mapping(lineage, "inputs").items()
        if isinstance(file, Mapping) and (sha256 := str(file.get("sha256", "")))
    }
    known = makers(registry, {sha256 for sha256, _ in wanted.values()})
    return [
        Upstream(role, sha256, path, known.get(sha256)) for role, (sha256, path) in sorted(wanted.items())
    ]


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


@dataclass(frozen=True, slots=True)
class Parent:
    """A version, in what way it is a parent, and what the configuration of its child changed."""

    version: Version
    why: str
    changes: tuple[Difference, ...] = ()

    def noted(self) -> dict[str, Any]:
        """Plain values, for a lineage."""
        return {"version": str(self.version), "why": self.why, "changes": [list(c) for c in self.changes]}


def parent_of(registry: Registry, manifest: Manifest) -> Parent | None:
    """The parent that was noted; else the one that there is to be found."""
    noted = manifest.lineage.get("parent")
    if isinstance(noted, Mapping):
        try:
            changes = tuple(Difference(*map(str, change)) for change in noted["changes"])
            return Parent(Version.parse(noted["version"]), str(noted["why"]), changes)
        except (KeyError, TypeError):  # another program's note
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
    """The version whose weights it began with; else the champion of that time; else the one before.

    version: the child's own; None: it has none yet.
    """

    def parent(found: Version, why: str) -> Parent:
        changes = config_delta(registry.versions(name).manifest(found).config, config)
        return Parent(found, why, tuple(changes))

    origins = upstream(registry, lineage)
    began_with = next((o.version.version for o in origins if o.version and o.version.name == name), None)
    if began_with is not None and began_with != version:
        return parent(began_with, "whose weights it began with")
    champion = _champion_then(registry, name, time)
    if champion is not None and champion != version:
        return parent(champion, "champion at that time")
    versions = registry.versions(name)
    earlier = (v for v in reversed(versions.names()) if version is None or v < version)
    before = next((v for v in earlier if versions.has(v)), None)
    return None if before is None else parent(before, "the version before")


def _champion_then(registry: Registry, name: str, time: str) -> Version | None:
    history = registry.alias_history(name, CHAMPION).backwards()
    text = next((link.body["version"] for link in history if link.body["time"] <= time), None)
    return None if text is None else Version.maybe(text)
