"""Operations of a registry, each as one call that a test can interrupt."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

from raasid.registry.filesystem import FileSystem
from raasid.registry.gc import RetentionPolicy, collect_garbage
from raasid.registry.names import Version
from raasid.registry.records import Route
from raasid.registry.registry import Registry

NAME = "ball_model"
NOW = 1_795_000_000.0
"""A day in November 2026."""
State = tuple[object, ...]
Operation = Callable[[Registry], object]


def registry_at(root: Path, fs: FileSystem | None = None, now: float = NOW) -> Registry:
    return Registry(root, fs=fs, author="tester", clock=lambda: now)


def files(number: int) -> dict[str, bytes]:
    weights = b"weights %d" % number * 40
    tensor = {"dtype": "U8", "shape": [len(weights)], "data_offsets": [0, len(weights)]}
    header = json.dumps({"weight": tensor}).encode()
    return {"model.safetensors": struct.pack("<Q", len(header)) + header + weights, "card.json": b"{}"}


def prepared(root: Path, fs: FileSystem | None = None) -> Registry:
    """Register three versions; the second is champion and answers all traffic."""
    registry = registry_at(root, fs)
    first, second, _ = (registry.register(NAME, files(n), reason=f"build {n}") for n in (1, 2, 3))
    for version in (first, second):
        registry.set_alias(NAME, "champion", version, "better")
    registry.switch_routes([route(second)], "go")
    return registry


def route(version: Version, share: float = 1.0) -> Route:
    return Route(edition="*", name=NAME, version=str(version), share=share)


def newest(registry: Registry) -> Version:
    found = registry.versions(NAME).latest()
    assert found is not None
    return found


OPERATIONS: dict[str, Operation] = {
    "register": lambda r: r.register(NAME, files(4), reason="build 4"),
    "set alias": lambda r: r.set_alias(NAME, "champion", newest(r), "better still"),
    "switch routes": lambda r: r.switch_routes([route(newest(r))], "all to the newest"),
    "append to the log": lambda r: r.note("a remark"),
    "collect": lambda r: collect_garbage(r, RetentionPolicy(newest=1, window=1, grace_s=-1e10), "room"),
}


def state(registry: Registry) -> State:
    """Return everything that readers can see, except the log."""
    versions = registry.versions(NAME)
    return (
        tuple((str(v), versions.freed(v) is not None) for v in versions.newest_first()),
        tuple(registry.aliases(NAME).items()),
        None if (table := registry.routes()) is None else tuple((r.version, r.share) for r in table.routes),
    )


def readable(registry: Registry) -> None:
    """Read every file of every version that is not freed."""
    for version in registry.versions(NAME).newest_first():
        if registry.versions(NAME).freed(version) is None:
            for member in registry.versions(NAME).manifest(version).files:
                assert registry.read(NAME, version, member)
