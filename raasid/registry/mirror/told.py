"""What W&B shall hold, in plain values: a run, an artifact, a link to a collection, an alias."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from raasid.registry.records import Change, Member, Record


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
