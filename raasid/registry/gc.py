"""What nobody needs any more: files of old versions, and what killed processes have left behind.

Records and figures are kept for ever; they are small. A version whose files are gone says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from raasid.registry.errors import BadName
from raasid.registry.filesystem import LEFTOVER
from raasid.registry.names import Version, alias_name
from raasid.registry.outbox import ArtifactTold, Outbox
from raasid.registry.record_chain import sealed
from raasid.registry.records import AliasSet, Freed, RouteTable
from raasid.registry.registry import Registry

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Keep:
    """What stays whole, besides everything that an alias or a route names now."""

    newest: int = 5
    """Versions of each model."""
    window: int = 10
    """Records of each alias, and routing tables, back from the one that holds: what one may return to."""
    grace_s: float = 7 * DAY
    """Younger than this, nothing is touched: somebody may be about to name it."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a collection frees, or would free."""

    versions: tuple[tuple[str, str, int], ...]
    """Model, version, bytes that no version left needs."""
    objects: tuple[tuple[Path, int], ...]
    """Files of no version at all, with their bytes: a registration was cut short."""
    leftovers: tuple[tuple[Path, int], ...]
    """Drafts of killed processes, and what an earlier collection has set aside."""

    @property
    def bytes(self) -> int:
        """Room on the disk."""
        return sum(size for _, _, size in self.versions) + sum(
            size for _, size in (*self.objects, *self.leftovers)
        )


def plan(registry: Registry, keep: Keep) -> Sweep:
    """Find what can go; nothing is changed. Raises RegistryDamaged: what cannot be read may be needed."""
    registry = Registry(registry.root, disk=registry.disk, clock=registry.clock)
    young = registry.clock() - keep.grace_s
    kept, freeable = _versions(registry, keep, young)
    needed = {
        member.sha256 for name, v in kept for member in registry.versions(name).manifest(v).files.values()
    }
    versions, counted = [], set(needed)
    for name, version in freeable:
        files = registry.versions(name).manifest(version).files.values()
        own = {member.sha256: member.bytes for member in files if member.sha256 not in counted}
        counted |= own.keys()
        versions.append((name, str(version), sum(own.values())))
    objects = [
        (path, entry.size)
        for path in registry.objects.all()
        if path.name not in counted
        and not path.name.startswith(LEFTOVER)
        and (entry := registry.disk.entry(path)) is not None
        and entry.modified < young
    ]
    leftovers = tuple(
        (path, size) for path, size in _leftovers(registry, registry.root, young) if path.name not in needed
    )
    return Sweep(tuple(versions), tuple(objects), leftovers)


def collect(registry: Registry, keep: Keep, reason: str) -> Sweep:
    """Free what `plan` finds; returns it. Killed anywhere, it leaves a sound registry.

    A version is first marked as freed; its files are set aside, and deleted by a collection that comes when
    the grace has passed: whoever registers the same content meanwhile takes them back.
    """
    found = plan(registry, keep)
    if not found.bytes and not found.versions:
        return found
    said = {"versions": [f"{name} {version}" for name, version, _ in found.versions], "bytes": found.bytes}
    change = registry.announce("gc", said, reason)
    with registry.writing("clearing away"):
        freed = [
            (registry.versions(name), Version.parse(version), size) for name, version, size in found.versions
        ]
        for versions, version, size in freed:
            op = f"{change.op}/{versions.name}/{version}"
            record = Freed(**{**change.model_dump(), "op": op}, bytes=size)
            registry.durable.create(versions.home(version) / "freed.json", sealed(record.model_dump()))
        # whoever names a version looks afterwards whether it is freed; so one of us sees the other
        named = _named(Registry(registry.root, disk=registry.disk), keep)
        for versions, version, _ in freed:
            if (versions.name, version) in named:
                registry.disk.unlink(versions.home(version) / "freed.json")
                registry.disk.sync_folder(versions.home(version))
            else:
                freed_at = versions.home(version) / "freed.json"
                registry.log.done(f"{change.op}/{versions.name}/{version}", freed_at)
        _clear(registry, found)
    return found


def _clear(registry: Registry, found: Sweep) -> None:
    objects = registry.objects
    needed = _needed(registry)
    for name in needed & set(registry.disk.names(objects.freed)):
        objects.restore(name)
    registry.durable.folder(objects.freed, registry.root)
    for name in dict.fromkeys(_unneeded(registry, found, needed)):
        with suppress(FileNotFoundError):
            registry.disk.touch(objects.path(name))
            registry.disk.rename(objects.path(name), objects.freed / name)
    # whoever registers looks for the files after the manifest is there
    for name in _needed(registry) & set(registry.disk.names(objects.freed)):
        objects.restore(name)
    for path, _ in found.leftovers:
        with suppress(FileNotFoundError):
            registry.disk.unlink(path)


def _unneeded(registry: Registry, found: Sweep, needed: set[str]) -> Iterator[str]:
    for name, version, _ in found.versions:
        for member in registry.versions(name).manifest(Version.parse(version)).files.values():
            if member.sha256 not in needed and registry.objects.has(member.sha256):
                yield member.sha256
    yield from (path.name for path, _ in found.objects if path.name not in needed)


def _needed(registry: Registry) -> set[str]:
    """Objects of all versions whose files are kept, as the disk has it now."""
    needed = set()
    for name in registry.names():
        versions = registry.versions(name)
        for version in versions.newest_first():
            if versions.freed(version) is None:
                needed |= {member.sha256 for member in versions.manifest(version).files.values()}
    return needed


def _versions(
    registry: Registry, keep: Keep, young: float
) -> tuple[list[tuple[str, Version]], list[tuple[str, Version]]]:
    """Versions that stay whole, and those that may go."""
    named = _named(registry, keep)
    kept: list[tuple[str, Version]] = []
    freeable: list[tuple[str, Version]] = []
    for name in registry.names():
        versions = registry.versions(name)
        for rank, version in enumerate(versions.newest_first()):
            if versions.freed(version) is not None:
                continue
            entry = registry.disk.entry(versions.home(version) / "manifest.json")
            new = rank < keep.newest or entry is None or entry.modified >= young
            (kept if new or (name, version) in named else freeable).append((name, version))
    return kept, freeable


def _named(registry: Registry, keep: Keep) -> set[tuple[str, Version]]:
    """What aliases and routes name, now or within the window."""
    found = set()
    for name in registry.names():
        for alias in registry.disk.names(registry.root / "models" / name / "aliases"):
            with suppress(BadName):
                for link in islice(registry.alias_history(name, alias_name(alias)).backwards(), keep.window):
                    record: AliasSet = AliasSet.of(link.body, alias)
                    if record.version is not None:
                        found.add((name, Version.parse(record.version)))
        previous = registry.previous(name)
        if previous is not None:
            found.add((name, previous))
    for link in islice(registry.route_history().backwards(), keep.window):
        table: RouteTable = RouteTable.of(link.body, f"routes {link.seq}")
        found |= {(route.name, Version.parse(route.version)) for route in table.routes}
    return found | _waiting(registry)


def _waiting(registry: Registry) -> set[tuple[str, Version]]:
    """What is still to be sent to W&B."""
    told = [entry.told for entry in Outbox(registry).pending()]
    return {
        (each.name, Version.parse(each.aliases[0]))
        for each in told
        if isinstance(each, ArtifactTold) and each.type == "model"
    }


def _leftovers(registry: Registry, folder: Path, young: float) -> Iterator[tuple[Path, int]]:
    for name in registry.disk.names(folder):
        path = folder / name
        entry = registry.disk.entry(path)
        if entry is None:
            continue
        if entry.is_folder:
            yield from _leftovers(registry, path, young)
        elif (name.startswith(LEFTOVER) or folder == registry.objects.freed) and entry.modified < young:
            yield path, entry.size
