"""Reads the lineage of a manifest, tolerating what other programs may have registered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from raasid.registry.names import Version
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
