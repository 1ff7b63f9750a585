"""`outbox/`: what W&B shall hold, as numbered entries; a record of the same number says what was sent.

What W&B shall hold, in plain values: a run, an artifact, a link to a collection, an alias.

Where the outbox is sent to: W&B, or a stand-in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from raasid.errors import RaasidError
from raasid.registry.errors import Overtaken
from raasid.registry.record_chain import Chain, Link
from raasid.registry.records import Change, Member, Record
from raasid.registry.registry import Registry


class RunRef(Record):
    """A run of W&B."""

    id: str
    project: str
    entity: str | None = None
    """None: whoever's key it is that sends."""


class RunTold(Record):
    """What a run was made with and what came of it."""

    kind: Literal["run"] = "run"
    run: RunRef
    config: dict[str, Any]
    summary: dict[str, float]
    folder: str | None = None
    """Where wandb keeps what it could not send; it need not be there any more."""

    def __str__(self) -> str:
        return f"run {self.run.id} of {self.run.project}, {len(self.summary)} metrics"


class ArtifactTold(Record):
    """Files with a name, made by a run."""

    kind: Literal["artifact"] = "artifact"
    run: RunRef
    type: Literal["model", "dataset"]
    name: str
    identity: str
    """sha256 of what it stands for; in W&B's metadata it says that the artifact is this one."""
    aliases: list[str]
    """The first is its own alone, the others may move on."""
    held: dict[str, int] = Field({})
    """Of a model: alias -> number of the record that made it point here."""
    metadata: dict[str, Any] = Field({})
    files: dict[str, Member] = Field({})
    """In the registry's objects."""
    texts: dict[str, str] = Field({})
    """Small files, with their content."""
    uses: list[str] = Field([])
    """Artifacts of the same project that the run was made from, as `name:alias`."""

    def __str__(self) -> str:
        size = sum(member.bytes for member in self.files.values()) + sum(map(len, self.texts.values()))
        files = len(self.files) + len(self.texts)
        others = f" ({', '.join(self.aliases[1:])})" if self.aliases[1:] else ""
        return f"{self.type} {self.name}:{self.aliases[0]}{others}, {files} files, {size / 1e6:.1f} MB"


class LinkTold(Record):
    """An artifact that a collection of a W&B registry shows."""

    kind: Literal["link"] = "link"
    run: RunRef
    name: str
    identity: str
    aliases: list[str]
    target: str
    """`wandb-registry-<registry>/<collection>`."""

    def __str__(self) -> str:
        return f"link {self.name}:{self.aliases[0]} to {self.target}"


class AliasTold(Record):
    """An alias that points elsewhere from now on."""

    kind: Literal["alias"] = "alias"
    run: RunRef
    """Whose project the artifact is in."""
    name: str
    alias: str
    version: str | None
    """None: it is taken away."""
    record: int
    """Number of the registry's record."""
    target: str | None = None
    """The collection where it is set, too."""

    def __str__(self) -> str:
        return f"alias {self.name}:{self.alias} to {self.version or 'nothing'}"


Told = RunTold | ArtifactTold | LinkTold | AliasTold


class Entry(Change):
    """`outbox/entries/<seq>.json`: one thing to send."""

    seq: int
    before: str | None
    told: Annotated[Told, Field(discriminator="kind")]


class Sent(Change):
    """`outbox/sent/<seq>.json`: the entry of that number was sent."""

    seq: int
    before: str | None
    entry: str
    """sha256 of its file."""
    answer: dict[str, Any]
    """What W&B said."""


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


Answer = dict[str, Any]
"""What the other side calls the thing: plain values."""


class MirrorFailed(RaasidError):
    """What was sent did not arrive; it is still in the outbox."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: W&B did not take it ({reason}); it stays queued, run the command again")
        self.reason = reason


class Mirror(Protocol):
    """The other side. Methods raise MirrorFailed where it breaks off."""

    def unreachable(self) -> str | None:
        """Why nothing can be sent now, in seconds at most; None: it can."""

    def find(self, told: Told) -> Answer | None:
        """What is there already: a process may have been killed between sending and writing it down."""

    def send(self, told: Told, files: Mapping[str, Path]) -> Answer:
        """Bring it there whole, or raise. Doing it twice is harmless, but not asked for.

        files: of an artifact, by the names that they shall have; they do not change meanwhile.
        """
