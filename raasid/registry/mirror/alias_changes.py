"""Aliases that were set after their version was queued: the registry's own history tells what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from raasid.registry.mirror.outbox import Outbox
from raasid.registry.mirror.told import AliasTold, ArtifactTold, LinkTold, RunRef
from raasid.registry.names import alias_name
from raasid.registry.records import AliasSet


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
        for alias in registry.disk.names(registry.root / "models" / name / "aliases"):
            chain = registry.alias_history(name, alias_name(alias))
            head = chain.head()
            known, shown = held.aliases.get(alias, (0, None))
            for seq in range(known + 1, 1 + (0 if head is None else head.seq)):
                change: AliasSet = AliasSet.of(chain.read(seq).body, str(chain.path(seq)))
                version = change.version if change.version in held.runs else None
                if version is None and shown is None:
                    continue
                run = home if version is None else held.runs[version]
                told = AliasTold(
                    run=run, name=name, alias=alias, version=version, record=seq, target=held.target
                )
                outbox.add(told, change.reason)
                queued, shown = queued + 1, version
    return queued


def _queued(outbox: Outbox) -> dict[str, _Held]:
    models: dict[str, _Held] = {}
    for entry in outbox.entries():
        told = entry.told
        if isinstance(told, ArtifactTold) and told.type == "model":
            held = models.setdefault(told.name, _Held())
            version = told.aliases[0]
            held.runs[version] = told.run
            for alias, record in told.held.items():
                held.aliases[alias] = max((record, version), held.aliases.get(alias, (0, None)), key=_number)
        elif isinstance(told, AliasTold):
            aliases = models.setdefault(told.name, _Held()).aliases
            new = told.record, told.version
            aliases[told.alias] = max(new, aliases.get(told.alias, (0, None)), key=_number)
        elif isinstance(told, LinkTold):
            models.setdefault(told.name, _Held()).target = told.target
    return {name: held for name, held in models.items() if held.runs}


def _number(pointed: tuple[int, str | None]) -> int:
    return pointed[0]
