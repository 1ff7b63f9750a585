"""Which version a file came from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from raasid.registry.names import Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry


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
