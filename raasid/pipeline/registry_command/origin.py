"""What a manifest's lineage says, read leniently: other programs may have registered the version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raasid.registry.makers import Ref, makers
from raasid.registry.records import Evaluation, Manifest
from raasid.registry.registry import Registry

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
