"""Outbox of messages for W&B, and the protocol of what receives them.

`outbox/entries/<seq>.json` is a message to send; `outbox/sent/<seq>.json` says that it was sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from raasid.errors import RaasidError
from raasid.registry.errors import ConcurrentUpdate
from raasid.registry.record_chain import ChainRecord, RecordChain
from raasid.registry.records import ChangeRecord, PackageFile, Record
from raasid.registry.registry import Registry

_MESSAGE_KEY = "told"
"""Key of the message in an entry's file."""


class RunRef(Record):
    """A W&B run."""

    id: str
    project: str
    entity: str | None = None
    """None: the default entity of the API key that sends."""


class RunUpdate(Record):
    """A run's config and summary metrics."""

    kind: Literal["run"] = "run"
    run: RunRef
    config: dict[str, Any]
    summary: dict[str, float]
    folder: str | None = None
    """Where wandb keeps data that it could not send; it may not exist any more."""

    def __str__(self) -> str:
        return f"run {self.run.id} of {self.run.project}, {len(self.summary)} metrics"


class ArtifactUpload(Record):
    """A named artifact made by a run."""

    kind: Literal["artifact"] = "artifact"
    run: RunRef
    type: Literal["model", "dataset"]
    name: str
    identity: str
    """SHA-256 of the manifest or labels; stored in W&B's metadata to recognise the artifact."""
    aliases: list[str]
    """The first is unique to this artifact, the others may move on."""
    held: dict[str, int] = Field({})
    """Of a model: alias -> number of the registry record that made it point here."""
    metadata: dict[str, Any] = Field({})
    files: dict[str, PackageFile] = Field({})
    """Files in the registry's objects."""
    texts: dict[str, str] = Field({})
    """Small files with their content."""
    uses: list[str] = Field([])
    """Input artifacts of the run in the same project, as `name:alias`."""

    def __str__(self) -> str:
        size = sum(member.bytes for member in self.files.values()) + sum(map(len, self.texts.values()))
        files = len(self.files) + len(self.texts)
        others = f" ({', '.join(self.aliases[1:])})" if self.aliases[1:] else ""
        return f"{self.type} {self.name}:{self.aliases[0]}{others}, {files} files, {size / 1e6:.1f} MB"


class CollectionLink(Record):
    """An artifact linked to a collection of a W&B registry."""

    kind: Literal["link"] = "link"
    run: RunRef
    name: str
    identity: str
    aliases: list[str]
    target: str
    """`wandb-registry-<registry>/<collection>`."""

    def __str__(self) -> str:
        return f"link {self.name}:{self.aliases[0]} to {self.target}"


class AliasUpdate(Record):
    """An alias that moves to another version."""

    kind: Literal["alias"] = "alias"
    run: RunRef
    """Names the project of the artifact."""
    name: str
    alias: str
    version: str | None
    """None: the alias is removed."""
    record: int
    """Number of the registry's record."""
    target: str | None = None
    """Collection in which the alias is set, too."""

    def __str__(self) -> str:
        return f"alias {self.name}:{self.alias} to {self.version or 'nothing'}"


OutboxMessage = RunUpdate | ArtifactUpload | CollectionLink | AliasUpdate


class OutboxEntry(ChangeRecord):
    """`outbox/entries/<seq>.json`: one message to send."""

    seq: int
    before: str | None
    message: Annotated[OutboxMessage, Field(alias=_MESSAGE_KEY, discriminator="kind")]


class SentRecord(ChangeRecord):
    """`outbox/sent/<seq>.json`: the entry of the same number was sent."""

    seq: int
    before: str | None
    entry: str
    """SHA-256 of the entry's file."""
    answer: dict[str, Any]
    """W&B's reply."""


class Outbox:
    """The outbox of one registry. Reading raises RegistryDamaged, writing RegistryUnwritable."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        folder = registry.root / "outbox"
        self._entries = RecordChain(folder / "entries", registry.root, registry.writer)
        self._sent = RecordChain(folder / "sent", registry.root, registry.writer)

    @property
    def queued(self) -> int:
        """Number of entries, sent or not."""
        return _seq(self._entries.head())

    @property
    def sent(self) -> int:
        """Number of entries that were sent; these are the first ones."""
        return _seq(self._sent.head())

    def add(self, message: OutboxMessage, reason: str) -> OutboxEntry:
        """Queue a message; on return it is on the disk."""
        with self.registry.writing("queueing for W&B"):
            change = self.registry.announce("queue", {"for": "wandb", "what": str(message)}, reason)
            body = {**change.model_dump(), _MESSAGE_KEY: message.model_dump()}
            record = self._entries.append(lambda _: body)
            self.registry.log.done(change.op, self._entries.path(record.seq))
        return self._entry(record)

    def entries(self, after: int = 0) -> Iterator[OutboxEntry]:
        """Yield the entries behind number `after`, in order."""
        for seq in range(after + 1, self.queued + 1):
            yield self._entry(self._entries.read(seq))

    def pending(self) -> Iterator[OutboxEntry]:
        """Yield the entries that were not sent yet, the oldest first."""
        return self.entries(after=self.sent)

    def mark_sent(self, entry: OutboxEntry, answer: Mapping[str, Any], reason: str) -> None:
        """Record that an entry was sent. Raises ConcurrentUpdate if another process recorded it first."""
        sha256 = self._entries.read(entry.seq).sha256
        with self.registry.writing("recording what was sent to W&B"):
            change = self.registry.announce("send", {"to": "wandb", "entry": entry.seq}, reason)

            def body(head: ChainRecord | None) -> dict[str, Any]:
                if _seq(head) != entry.seq - 1:
                    raise ConcurrentUpdate("outbox", f"{entry.seq - 1} entries sent", f"{_seq(head)} sent")
                return {**change.model_dump(), "entry": sha256, "answer": dict(answer)}

            record = self._sent.append(body)
            self.registry.log.done(change.op, self._sent.path(record.seq))

    def answers(self) -> list[SentRecord]:
        """Return W&B's replies in order."""
        found = [self._sent.read(seq) for seq in range(1, self.sent + 1)]
        return [SentRecord.from_body(record.body, str(self._sent.path(record.seq))) for record in found]

    def _entry(self, record: ChainRecord) -> OutboxEntry:
        entry: OutboxEntry = OutboxEntry.from_body(record.body, str(self._entries.path(record.seq)))
        return entry


def _seq(head: ChainRecord | None) -> int:
    return 0 if head is None else head.seq


Answer = dict[str, Any]
"""Reply of the mirror: plain values that identify what it stored."""


class MirrorError(RaasidError):
    """A message was not delivered; it stays in the outbox."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: W&B did not take it ({reason}); it stays queued, run the command again")
        self.reason = reason


class Mirror(Protocol):
    """Receiver of the outbox: W&B, or a fake in tests. Methods raise MirrorError when a delivery fails."""

    def unreachable(self) -> str | None:
        """Return within seconds why nothing can be sent now; None if it can."""

    def find(self, message: OutboxMessage) -> Answer | None:
        """Return the reply for a message that was delivered before, perhaps by a process killed since."""

    def send(self, message: OutboxMessage, files: Mapping[str, Path]) -> Answer:
        """Deliver a message completely, or raise. Delivering twice is harmless.

        files: files of an artifact by their names in it; they do not change meanwhile.
        """
