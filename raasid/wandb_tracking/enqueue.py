"""From a registered version to what W&B shall hold of it: its run, its data, its files, a link to them.

Aliases that were set after their version was queued: the registry's own history tells what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raasid.registry.lineage import VersionRef, find_versions_by_digest
from raasid.registry.names import PREVIOUS, Version, alias_name
from raasid.registry.outbox import (
    AliasUpdate,
    ArtifactUpload,
    CollectionLink,
    Outbox,
    OutboxEntry,
    OutboxMessage,
    RunRef,
    RunUpdate,
)
from raasid.registry.record_chain import canonical_json
from raasid.registry.records import AliasRecord, Manifest, MetricValue
from raasid.registry.registry import Registry

_PREFIX = "wandb-registry-"


def queue_version(
    outbox: Outbox,
    name: str,
    version: Version,
    run: RunRef,
    collection: str | None,
    reason: str,
    folder: Path | None = None,
) -> list[OutboxEntry]:
    """Queue a version with all that belongs to it; the entries, in the order in which they will be sent.

    collection: of a W&B registry, as `registry` or `registry/collection`; None: the version is not linked.
    folder: where wandb keeps what the run could not send, if it was offline.
    Raises NotRegistered, RegistryDamaged, RegistryUnwritable.
    """
    manifest = outbox.registry.versions(name).manifest(version)
    told: list[OutboxMessage] = [
        RunUpdate(
            run=run,
            config=manifest.config,
            summary=run_summary(manifest.metrics),
            folder=None if folder is None else str(folder),
        ),
        *_told(outbox.registry, name, version, run, collection),
    ]
    return [outbox.add(each, reason) for each in told]


def run_summary(metrics: dict[str, MetricValue]) -> dict[str, float]:
    """Metrics with the ends of their intervals, flat, as a run's summary shows them."""
    found: dict[str, float] = {}
    for name, figure in metrics.items():
        ends = {"": figure.value, "_low": figure.low, "_high": figure.high}
        found |= {f"{name}{end}": value for end, value in ends.items() if value is not None}
    return found


def _told(
    registry: Registry, name: str, version: Version, run: RunRef, collection: str | None
) -> Iterator[OutboxMessage]:
    manifest, identity = registry.versions(name).manifest_and_digest(version)
    uses = []
    data = _dataset(name, manifest, run)
    if data is not None:
        yield data
        uses.append(f"{data.name}:{data.aliases[0]}")
    uses += _upstream(registry, manifest)
    held = _held(registry, name, version)
    file = registry.versions(name).folder_of(version) / "manifest.json"
    yield ArtifactUpload(
        run=run,
        type="model",
        name=name,
        identity=identity,
        aliases=[str(version), *held],
        held=held,
        metadata=_facts(manifest),
        files=manifest.files,
        # W&B gives one content one version; this file makes every version of ours another content
        texts={"registry_manifest.json": registry.fs.read(file).decode()},
        uses=uses,
    )
    if collection is not None:
        yield CollectionLink(
            run=run,
            name=name,
            identity=identity,
            aliases=[str(version), *held],
            target=target_path(collection, name),
        )


def target_path(collection: str, name: str) -> str:
    """`wandb-registry-<registry>/<collection>`; the collection has the model's name where none is given."""
    registry, _, inside = collection.removeprefix(_PREFIX).partition("/")
    return f"{_PREFIX}{registry}/{inside or name}"


def _dataset(name: str, manifest: Manifest, run: RunRef) -> ArtifactUpload | None:
    facts = manifest.lineage.get("data")
    digest = facts.get("labels_sha256") if isinstance(facts, dict) else None
    if not isinstance(facts, dict) or not isinstance(digest, str):
        return None
    return ArtifactUpload(
        run=run,
        type="dataset",
        name=f"{name.removesuffix('_model')}_data",
        identity=digest,
        aliases=[f"sha256-{digest[:16]}"],
        metadata={"data": facts},
        texts={"dataset.json": canonical_json(facts).decode() + "\n"},
    )


def _upstream(registry: Registry, manifest: Manifest) -> list[str]:
    """Versions whose files, or whose checkpoint, the run was made from."""
    inputs = manifest.lineage.get("inputs")
    wanted = {digest for each in inputs.values() if (digest := _sha256(each))} if inputs else set()
    itself = VersionRef(manifest.name, Version.parse(manifest.version))
    found = find_versions_by_digest(registry, wanted, exclude=itself)
    return [f"{ref.name}:{ref.version}" for ref in sorted(set(found.values()))]


def _sha256(value: Any) -> str | None:
    digest = value.get("sha256") if isinstance(value, dict) else None
    return digest if isinstance(digest, str) else None


def _held(registry: Registry, name: str, version: Version) -> dict[str, int]:
    """Aliases that point here now, with the number of the record that says so."""
    heads = {a: registry.alias_history(name, a).head() for a in registry.aliases(name) if a != PREVIOUS}
    return {a: head.seq for a, head in heads.items() if head and head.body["version"] == str(version)}


def _facts(manifest: Manifest) -> dict[str, Any]:
    """What the artifact says of itself; W&B takes a hundred names at the top, so groups go below."""
    return {
        "version": manifest.version,
        "registered": manifest.time,
        "author": manifest.author,
        "metrics": {name: figure.model_dump() for name, figure in manifest.metrics.items()},
        "lineage": manifest.lineage,
        "files": {name: member.sha256 for name, member in manifest.files.items()},
    }


@dataclass
class _Held:
    """What W&B will hold of one model when all that is queued has arrived."""

    runs: dict[str, RunRef] = field(default_factory=dict)
    """Of each version."""
    aliases: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    """Number of the registry's record, and the version that it points to."""
    target: str | None = None


def queue_alias_changes(outbox: Outbox) -> int:
    """Queue every change of an alias that is not queued yet; return how many.

    Whoever sets an alias need not think of W&B, and a crash behind it loses nothing. Two processes may queue
    the same change; it is then found in W&B when it comes again. An alias that moves on to a version which
    W&B does not hold points to nothing there. Raises RegistryDamaged, RegistryUnwritable.
    """
    registry, queued = outbox.registry, 0
    for name, held in _queued(outbox).items():
        *_, home = held.runs.values()
        for alias in registry.fs.list_folder(registry.root / "models" / name / "aliases"):
            chain = registry.alias_history(name, alias_name(alias))
            head = chain.head()
            known, shown = held.aliases.get(alias, (0, None))
            for seq in range(known + 1, 1 + (0 if head is None else head.seq)):
                change: AliasRecord = AliasRecord.from_body(chain.read(seq).body, str(chain.path(seq)))
                version = change.version if change.version in held.runs else None
                if version is None and shown is None:
                    continue
                run = home if version is None else held.runs[version]
                told = AliasUpdate(
                    run=run, name=name, alias=alias, version=version, record=seq, target=held.target
                )
                outbox.add(told, change.reason)
                queued, shown = queued + 1, version
    return queued


def _queued(outbox: Outbox) -> dict[str, _Held]:
    models: dict[str, _Held] = {}
    for entry in outbox.entries():
        told = entry.message
        if isinstance(told, ArtifactUpload) and told.type == "model":
            held = models.setdefault(told.name, _Held())
            version = told.aliases[0]
            held.runs[version] = told.run
            for alias, record in told.held.items():
                held.aliases[alias] = max((record, version), held.aliases.get(alias, (0, None)), key=_number)
        elif isinstance(told, AliasUpdate):
            aliases = models.setdefault(told.name, _Held()).aliases
            new = told.record, told.version
            aliases[told.alias] = max(new, aliases.get(told.alias, (0, None)), key=_number)
        elif isinstance(told, CollectionLink):
            models.setdefault(told.name, _Held()).target = told.target
    return {name: held for name, held in models.items() if held.runs}


def _number(pointed: tuple[int, str | None]) -> int:
    return pointed[0]
