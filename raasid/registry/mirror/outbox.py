"""`outbox/`: what W&B shall hold, as numbered entries; a record of the same number says what was sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from raasid.registry.chain import Chain, Link
from raasid.registry.errors import Overtaken
from raasid.registry.mirror.told import Entry, Sent, Told
from raasid.registry.registry import Registry


class Outbox:
    """The entries of one registry. Reading raises RegistryDamaged, writing RegistryUnwritable."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        home = registry.root / "outbox"
        self._entries = Chain(home / "entries", registry.root, registry.durable)
        self._sent = Chain(home / "sent", registry.root, registry.durable)

    @property
    def queued(self) -> int:
        """Entries, sent or not."""
        return _seq(self._entries.head())

    @property
    def sent(self) -> int:
        """Entries that were sent: the first so many."""
        return _seq(self._sent.head())

    def add(self, told: Told, reason: str) -> Entry:
        """Queue one thing; when this returns, it will be sent some day."""
        with self.registry.writing("queueing for W&B"):
            change = self.registry.announce("queue", {"for": "wandb", "what": str(told)}, reason)
            body = {**change.model_dump(), "told": told.model_dump()}
            link = self._entries.append(lambda _: body)
            self.registry.log.done(change.op, self._entries.path(link.seq))
        return self._entry(link)

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Those behind number `after`, in order."""
        for seq in range(after + 1, self.queued + 1):
            yield self._entry(self._entries.read(seq))

    def pending(self) -> Iterator[Entry]:
        """What is to be sent, the oldest first."""
        return self.entries(after=self.sent)

    def answer(self, entry: Entry, answer: Mapping[str, Any], reason: str) -> None:
        """Write down that an entry was sent. Raises Overtaken: somebody else has written it."""
        sha256 = self._entries.read(entry.seq).sha256
        with self.registry.writing("recording what was sent to W&B"):
            change = self.registry.announce("send", {"to": "wandb", "entry": entry.seq}, reason)

            def record(head: Link | None) -> dict[str, Any]:
                if _seq(head) != entry.seq - 1:
                    raise Overtaken("outbox", f"{entry.seq - 1} entries sent", f"{_seq(head)} sent")
                return {**change.model_dump(), "entry": sha256, "answer": dict(answer)}

            link = self._sent.append(record)
            self.registry.log.done(change.op, self._sent.path(link.seq))

    def answers(self) -> list[Sent]:
        """What W&B said, in order."""
        found = [self._sent.read(seq) for seq in range(1, self.sent + 1)]
        return [Sent.of(link.body, str(self._sent.path(link.seq))) for link in found]

    def _entry(self, link: Link) -> Entry:
        entry: Entry = Entry.of(link.body, str(self._entries.path(link.seq)))
        return entry


def _seq(head: Link | None) -> int:
    return 0 if head is None else head.seq
