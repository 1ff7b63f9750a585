"""Queue registered versions and alias changes for W&B: run, dataset, artifact, link and aliases."""

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
    again: bool = False,
) -> list[OutboxEntry]:
    """Queue a version with its run, dataset and link; returns the entries in the order of sending.

    again: a process that was killed since may have queued some of it; that is not queued twice.

    collection: of a W&B registry, as `registry` or `registry/collection`; None: the version is not linked.
    folder: wandb's folder of data that the run could not send, if it was offline.
    Raises NotRegistered, RegistryDamaged, RegistryUnwritable.
    """
    manifest = outbox.registry.versions(name).manifest(version)
    messages: list[OutboxMessage] = [
        RunUpdate(
            run=run,
            config=manifest.config,
            summary=run_summary(manifest.metrics),
            folder=None if folder is None else str(folder),
        ),
        *_version_messages(outbox.registry, name, version, run, collection),
    ]
    queued = {_identity(entry.message): entry for entry in outbox.entries()} if again else {}
    return [queued.get(_identity(message)) or outbox.add(message, reason) for message in messages]


def _identity(message: OutboxMessage) -> tuple[str, ...]:
    """What two messages have in common that tell W&B the same; a second one need not be queued."""
    if isinstance(message, RunUpdate):
        return message.kind, message.run.project, message.run.id
    if isinstance(message, AliasUpdate):
        return message.kind, message.name, message.alias, str(message.record)
    return message.kind, message.run.project, message.run.id, message.name, message.identity


def run_summary(metrics: dict[str, MetricValue]) -> dict[str, float]:
    """Return metrics and the bounds of their intervals as a flat run summary."""
    summary: dict[str, float] = {}
    for name, figure in metrics.items():
        ends = {"": figure.value, "_low": figure.low, "_high": figure.high}
        summary |= {f"{name}{end}": value for end, value in ends.items() if value is not None}
    return summary


def _version_messages(
    registry: Registry, name: str, version: Version, run: RunRef, collection: str | None
) -> Iterator[OutboxMessage]:
    manifest, identity = registry.versions(name).manifest_and_digest(version)
    uses = []
    data = _dataset(name, manifest, run)
    if data is not None:
        yield data
        uses.append(f"{data.name}:{data.aliases[0]}")
    uses += _upstream(registry, manifest)
    held = _current_aliases(registry, name, version)
    file = registry.versions(name).folder_of(version) / "manifest.json"
    yield ArtifactUpload(
        run=run,
        type="model",
        name=name,
        identity=identity,
        aliases=[str(version), *held],
        held=held,
        metadata=_metadata(manifest),
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
    """Return `wandb-registry-<registry>/<collection>`; the default collection has the model's name."""
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
    """Return the versions whose files or checkpoints were inputs of the run."""
    inputs = manifest.lineage.get("inputs")
    wanted = {digest for each in inputs.values() if (digest := _sha256(each))} if inputs else set()
    itself = VersionRef(manifest.name, Version.parse(manifest.version))
    found = find_versions_by_digest(registry, wanted, exclude=itself)
    return [f"{ref.name}:{ref.version}" for ref in sorted(set(found.values()))]


def _sha256(value: Any) -> str | None:
    digest = value.get("sha256") if isinstance(value, dict) else None
    return digest if isinstance(digest, str) else None


def _current_aliases(registry: Registry, name: str, version: Version) -> dict[str, int]:
    """Return the aliases that point to the version now, with the number of the record that set them."""
    heads = {a: registry.alias_history(name, a).head() for a in registry.aliases(name) if a != PREVIOUS}
    return {a: head.seq for a, head in heads.items() if head and head.body["version"] == str(version)}


def _metadata(manifest: Manifest) -> dict[str, Any]:
    """Return the artifact's metadata; W&B allows a hundred top-level keys, hence the groups."""
    return {
        "version": manifest.version,
        "registered": manifest.time,
        "author": manifest.author,
        "metrics": {name: figure.model_dump() for name, figure in manifest.metrics.items()},
        "lineage": manifest.lineage,
        "files": {name: member.sha256 for name, member in manifest.files.items()},
    }


@dataclass
class _QueuedModel:
    """State of one model in W&B once everything that is queued has been sent."""

    runs: dict[str, RunRef] = field(default_factory=dict)
    """Version -> its run."""
    aliases: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    """Alias -> number of the registry's record, and the version that it points to."""
    target: str | None = None


def queue_alias_changes(outbox: Outbox) -> int:
    """Queue every alias change of the registry that is not queued yet; returns their number.

    Setting an alias therefore needs no W&B, and a crash right after it loses nothing. Two processes may queue
    the same change; the second one is then found in W&B. An alias that moves to a version outside W&B is
    removed there. Raises RegistryDamaged, RegistryUnwritable.
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
                message = AliasUpdate(
                    run=run, name=name, alias=alias, version=version, record=seq, target=held.target
                )
                outbox.add(message, change.reason)
                queued, shown = queued + 1, version
    return queued


def _queued(outbox: Outbox) -> dict[str, _QueuedModel]:
    models: dict[str, _QueuedModel] = {}
    for entry in outbox.entries():
        message = entry.message
        if isinstance(message, ArtifactUpload) and message.type == "model":
            held = models.setdefault(message.name, _QueuedModel())
            version = message.aliases[0]
            held.runs[version] = message.run
            for alias, record in message.held.items():
                held.aliases[alias] = max((record, version), held.aliases.get(alias, (0, None)), key=_number)
        elif isinstance(message, AliasUpdate):
            aliases = models.setdefault(message.name, _QueuedModel()).aliases
            new = message.record, message.version
            aliases[message.alias] = max(new, aliases.get(message.alias, (0, None)), key=_number)
        elif isinstance(message, CollectionLink):
            models.setdefault(message.name, _QueuedModel()).target = message.target
    return {name: held for name, held in models.items() if held.runs}


def _number(pointed: tuple[int, str | None]) -> int:
    return pointed[0]
