"""Garbage collection: frees the files of old versions and what killed processes left behind.

Records and metrics are small and kept for ever; the record of a freed version says that its files are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from raasid.registry.errors import BadName
from raasid.registry.filesystem import DRAFT_PREFIX
from raasid.registry.names import Version, alias_name
from raasid.registry.outbox import ArtifactUpload, Outbox
from raasid.registry.record_chain import encode_record
from raasid.registry.records import AliasRecord, FreedRecord, RouteTable
from raasid.registry.registry import Registry

DAY = 86_400.0
"""Seconds."""
_Ref = tuple[str, Version]


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """What is kept in addition to every version that an alias or a route names now."""

    newest: int = 5
    """Newest versions of each model."""
    window: int = 10
    """Latest records of each alias and latest routing tables; a rollback may return to their versions."""
    grace_s: float = 7 * DAY
    """Nothing younger than this is freed: another process may be about to name it."""


@dataclass(frozen=True, slots=True)
class GcPlan:
    """What a collection frees, or would free."""

    versions: tuple[tuple[str, str, int], ...]
    """Model, version, and bytes that no kept version needs."""
    objects: tuple[tuple[Path, int], ...]
    """Objects of no version, left by interrupted registrations, with their bytes."""
    leftovers: tuple[tuple[Path, int], ...]
    """Drafts of killed processes, and objects that an earlier collection set aside, with their bytes."""

    @property
    def bytes(self) -> int:
        """Total disk space."""
        return sum(size for _, _, size in self.versions) + sum(
            size for _, size in (*self.objects, *self.leftovers)
        )


def plan_gc(registry: Registry, policy: RetentionPolicy) -> GcPlan:
    """Find what can be freed; nothing is changed.

    Raises RegistryDamaged: what an unreadable record needs is unknown.
    """
    registry = Registry(registry.root, fs=registry.fs, clock=registry.clock)
    oldest_kept = registry.clock() - policy.grace_s
    kept, freeable = _split_versions(registry, policy, oldest_kept)
    needed = {
        member.sha256 for name, v in kept for member in registry.versions(name).manifest(v).files.values()
    }
    versions, accounted = [], set(needed)
    for name, version in freeable:
        files = registry.versions(name).manifest(version).files.values()
        own = {member.sha256: member.bytes for member in files if member.sha256 not in accounted}
        accounted |= own.keys()
        versions.append((name, str(version), sum(own.values())))
    objects = [
        (path, info.size)
        for path in registry.objects.paths()
        if path.name not in accounted
        and not path.name.startswith(DRAFT_PREFIX)
        and (info := registry.fs.stat(path)) is not None
        and info.modified < oldest_kept
    ]
    leftovers = _leftovers(registry, registry.root, oldest_kept)
    return GcPlan(
        tuple(versions),
        tuple(objects),
        tuple((path, size) for path, size in leftovers if path.name not in needed),
    )


def collect_garbage(registry: Registry, policy: RetentionPolicy, reason: str) -> GcPlan:
    """Free what `plan_gc` finds and return it. The registry is sound wherever this is killed.

    A version is first marked as freed and its objects are set aside; a collection after the grace period
    deletes them. A registration of the same content restores them before that.
    """
    plan = plan_gc(registry, policy)
    if not plan.bytes and not plan.versions:
        return plan
    changes = {"versions": [f"{name} {version}" for name, version, _ in plan.versions], "bytes": plan.bytes}
    change = registry.announce("gc", changes, reason)
    with registry.writing("clearing away"):
        freed = [
            (registry.versions(name), Version.parse(version), size) for name, version, size in plan.versions
        ]
        for versions, version, size in freed:
            op = f"{change.op}/{versions.name}/{version}"
            record = FreedRecord(**{**change.model_dump(), "op": op}, bytes=size)
            registry.writer.create(
                versions.folder_of(version) / "freed.json", encode_record(record.model_dump())
            )
        # a process that names a version checks afterwards whether it is freed: one of the two sees the other
        named = _named_versions(Registry(registry.root, fs=registry.fs), policy)
        for versions, version, _ in freed:
            path = versions.folder_of(version) / "freed.json"
            if (versions.name, version) in named:
                registry.fs.unlink(path)
                registry.fs.sync_folder(path.parent)
            else:
                registry.log.done(f"{change.op}/{versions.name}/{version}", path)
        _free_objects(registry, plan)
    return plan


def _free_objects(registry: Registry, plan: GcPlan) -> None:
    objects = registry.objects
    needed = _needed_objects(registry)
    for sha256 in needed & set(registry.fs.list_folder(objects.freed)):
        objects.restore(sha256)
    registry.writer.make_folders(objects.freed, registry.root)
    for sha256 in dict.fromkeys(_unneeded_objects(registry, plan, needed)):
        with suppress(FileNotFoundError):
            registry.fs.touch(objects.path(sha256))
            registry.fs.rename(objects.path(sha256), objects.freed / sha256)
    # a registration checks its objects again after its manifest exists: one of the two sees the other
    for sha256 in _needed_objects(registry) & set(registry.fs.list_folder(objects.freed)):
        objects.restore(sha256)
    for path, _ in plan.leftovers:
        with suppress(FileNotFoundError):
            registry.fs.unlink(path)


def _unneeded_objects(registry: Registry, plan: GcPlan, needed: set[str]) -> Iterator[str]:
    for name, version, _ in plan.versions:
        for member in registry.versions(name).manifest(Version.parse(version)).files.values():
            if member.sha256 not in needed and registry.objects.has(member.sha256):
                yield member.sha256
    yield from (path.name for path, _ in plan.objects if path.name not in needed)


def _needed_objects(registry: Registry) -> set[str]:
    """Return the objects of all versions that are not freed, as of now."""
    needed = set()
    for name in registry.names():
        versions = registry.versions(name)
        for version in versions.newest_first():
            if versions.freed(version) is None:
                needed |= {member.sha256 for member in versions.manifest(version).files.values()}
    return needed


def _split_versions(
    registry: Registry, policy: RetentionPolicy, oldest_kept: float
) -> tuple[list[_Ref], list[_Ref]]:
    """Return the versions to keep and those that can be freed; versions freed before are in neither."""
    named = _named_versions(registry, policy)
    kept: list[_Ref] = []
    freeable: list[_Ref] = []
    for name in registry.names():
        versions = registry.versions(name)
        for rank, version in enumerate(versions.newest_first()):
            if versions.freed(version) is not None:
                continue
            info = registry.fs.stat(versions.manifest_path(version))
            is_new = rank < policy.newest or info is None or info.modified >= oldest_kept
            (kept if is_new or (name, version) in named else freeable).append((name, version))
    return kept, freeable


def _named_versions(registry: Registry, policy: RetentionPolicy) -> set[_Ref]:
    """Return what aliases and routes name, now or within the window, and what is to be sent to W&B."""
    found = set()
    for name in registry.names():
        for alias in registry.fs.list_folder(registry.root / "models" / name / "aliases"):
            with suppress(BadName):
                history = registry.alias_history(name, alias_name(alias)).newest_first()
                for record in islice(history, policy.window):
                    target: AliasRecord = AliasRecord.from_body(record.body, alias)
                    if target.version is not None:
                        found.add((name, Version.parse(target.version)))
        previous = registry.previous(name)
        if previous is not None:
            found.add((name, previous))
    for record in islice(registry.route_history().newest_first(), policy.window):
        table: RouteTable = RouteTable.from_body(record.body, f"routes {record.seq}")
        found |= {(route.name, Version.parse(route.version)) for route in table.routes}
    return found | _pending_uploads(registry)


def _pending_uploads(registry: Registry) -> set[_Ref]:
    messages = [entry.message for entry in Outbox(registry).pending()]
    return {
        (message.name, Version.parse(message.aliases[0]))
        for message in messages
        if isinstance(message, ArtifactUpload) and message.type == "model"
    }


def _leftovers(registry: Registry, folder: Path, oldest_kept: float) -> Iterator[tuple[Path, int]]:
    for name in registry.fs.list_folder(folder):
        path = folder / name
        info = registry.fs.stat(path)
        if info is None:
            continue
        if info.is_folder:
            yield from _leftovers(registry, path, oldest_kept)
        elif (
            name.startswith(DRAFT_PREFIX) or folder == registry.objects.freed
        ) and info.modified < oldest_kept:
            yield path, info.size
