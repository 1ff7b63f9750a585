"""The version with which a version is compared, if nobody says which.

A training notes it, with all that its configuration changed, in the lineage of the version: so it is known
wherever the version goes. Of versions that others have registered it is found anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from raasid.pipeline.registry_command.config_delta import Difference, config_delta
from raasid.pipeline.registry_command.origin import upstream
from raasid.registry.names import CHAMPION, Version
from raasid.registry.records import Manifest
from raasid.registry.registry import Registry


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
