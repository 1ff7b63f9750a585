"""Aliases that were set after their version was queued: the registry's own history tells what is missing."""

from __future__ import annotations

from raasid.registry.mirror.outbox import Outbox
from raasid.registry.mirror.told import AliasTold, ArtifactTold, LinkTold, RunRef
from raasid.registry.names import alias_name
from raasid.registry.records import AliasSet


def queue_alias_changes(outbox: Outbox) -> int:
    """Queue every change of an alias that is not queued yet; return how many.

    Whoever sets an alias need not think of W&B, and a crash behind it loses nothing. Two processes may queue
    the same change; it is then found in W&B when it comes again. Versions that W&B does not hold are left
    out. Raises RegistryDamaged, RegistryUnwritable.
    """
    registry, queued = outbox.registry, 0
    held, homes, targets = _queued(outbox)
    for name in dict.fromkeys(name for name, _ in homes):
        folder = registry.root / "models" / name / "aliases"
        for alias in registry.disk.names(folder):
            chain, last = registry.alias_history(name, alias_name(alias)), held.get((name, alias), 0)
            head = chain.head()
            for seq in range(last + 1, 1 + (0 if head is None else head.seq)):
                change: AliasSet = AliasSet.of(chain.read(seq).body, str(chain.path(seq)))
                home = homes.get((name, change.version))
                if home is None or (change.version is None and not last and seq == 1):
                    continue
                told = AliasTold(
                    run=home,
                    name=name,
                    alias=alias,
                    version=change.version,
                    record=seq,
                    target=targets.get(name),
                )
                outbox.add(told, change.reason)
                queued += 1
    return queued


def _queued(
    outbox: Outbox,
) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str | None], RunRef], dict[str, str]]:
    """The last record of each alias that is queued; run of each version; collection of each model."""
    held: dict[tuple[str, str], int] = {}
    homes: dict[tuple[str, str | None], RunRef] = {}
    targets: dict[str, str] = {}
    for entry in outbox.entries():
        told = entry.told
        if isinstance(told, ArtifactTold) and told.type == "model":
            homes[told.name, told.aliases[0]] = homes[told.name, None] = told.run
            for alias, record in told.held.items():
                held[told.name, alias] = max(record, held.get((told.name, alias), 0))
        elif isinstance(told, AliasTold):
            held[told.name, told.alias] = max(told.record, held.get((told.name, told.alias), 0))
        elif isinstance(told, LinkTold):
            targets[told.name] = told.target
    return held, homes, targets
