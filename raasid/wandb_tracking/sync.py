"""Send the outbox to W&B: once, in order, from where the last attempt stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from raasid.errors import Exit
from raasid.registry.errors import ConcurrentUpdate, RegistryDamaged
from raasid.registry.outbox import ArtifactUpload, Mirror, MirrorError, Outbox, OutboxMessage
from raasid.registry.registry import Registry
from raasid.wandb_tracking.enqueue import queue_alias_changes

Print = Callable[[str], None]
_MAX_LISTED = 20
"""Entries that are listed if W&B is unreachable."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Numbers of entries, by what happened to them."""

    sent: int
    found: int
    """Entries that W&B had already: a process was killed before it could record that."""
    left: int
    reason: str | None = None
    """Why entries are left."""

    @property
    def exit(self) -> Exit:
        """Return success only if nothing is left."""
        return Exit.FAILED if self.left else Exit.DONE


def sync(registry: Registry, mirror: Mirror, say: Print) -> SyncResult:
    """Send everything that is queued, and the changes of aliases since.

    say: called with a line for each entry. Failures of W&B are printed and leave the rest queued.
    Raises RegistryDamaged, RegistryUnwritable.
    """
    outbox = Outbox(registry)
    queue_alias_changes(outbox)
    left = outbox.queued - outbox.sent
    if not left:
        say("everything is in W&B already")
        return SyncResult(0, 0, 0)
    reason = mirror.unreachable()
    if reason is not None:
        say(f"would send {left} to W&B:")
        for entry in islice(outbox.pending(), _MAX_LISTED):
            say(f"{entry.seq:>6}  {entry.message}")
        if left > _MAX_LISTED:
            say(f"        and {left - _MAX_LISTED} more")
        say(f"W&B cannot be reached: {reason}; nothing was sent, nothing is lost: run the command again")
        return SyncResult(0, 0, left, reason)
    return _send(outbox, mirror, say)


def _send(outbox: Outbox, mirror: Mirror, say: Print) -> SyncResult:
    sent = found = 0
    while (entry := next(outbox.pending(), None)) is not None:
        try:
            answer = mirror.find(entry.message)
            known = answer is not None
            if answer is None:
                answer = mirror.send(entry.message, files_of(outbox.registry, entry.message))
            outbox.mark_sent(entry, answer, "sync")
        except MirrorError as error:
            say(str(error))
            return SyncResult(sent, found, outbox.queued - outbox.sent, error.reason)
        except ConcurrentUpdate:  # another process sends, too, and has just written this one down
            continue
        say(f"{entry.seq:>6}  {entry.message}: {'was there already' if known else 'sent'}")
        sent, found = sent + (not known), found + known
    return SyncResult(sent, found, outbox.queued - outbox.sent)


def files_of(registry: Registry, message: OutboxMessage) -> dict[str, Path]:
    """Return the registry's files of an artifact, verified against their digests. Raises RegistryDamaged."""
    if not isinstance(message, ArtifactUpload):
        return {}
    found = {}
    for name, member in message.files.items():
        registry.objects.restore(member.sha256)
        if len(registry.objects.read(member.sha256)) != member.bytes:
            raise RegistryDamaged(registry.objects.path(member.sha256), f"is not {member.bytes} bytes long")
        found[name] = registry.objects.path(member.sha256)
    return found
