"""A fake W&B that records on disk every upload, so that the record survives a killed sender."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raasid.registry.outbox import Answer, ArtifactUpload, MirrorError, OutboxMessage


class RecordingMirror:
    """Appends a line to `log` for each message it accepts; `find` reads them.

    refuse: numbers of calls of `send`, from 1, that fail before anything arrives.
    die_before, die_after: the process is killed in that call, before or after the message has arrived.
    """

    def __init__(
        self, log: Path, refuse: frozenset[int] = frozenset(), die_before: int = 0, die_after: int = 0
    ) -> None:
        self.log, self.refuse, self.die_before, self.die_after = log, refuse, die_before, die_after
        self.down: str | None = None
        self.sends = 0

    def unreachable(self) -> str | None:
        return self.down

    def find(self, message: OutboxMessage) -> Answer | None:
        taken = [body for body, _ in self.taken()]
        if message.kind == "alias":  # the last one set is the current one
            same = [n for n, body in enumerate(taken) if _is(body, message, "kind", "name", "alias")]
            return {"n": same[-1]} if same and taken[same[-1]]["version"] == message.version else None
        keys = ("kind", "run", "summary") if message.kind == "run" else ("kind", "name", "identity")
        return next(({"n": n} for n, body in enumerate(taken) if _is(body, message, *keys)), None)

    def send(self, message: OutboxMessage, files: Mapping[str, Path]) -> Answer:
        self.sends += 1
        if self.sends in self.refuse:
            raise MirrorError(str(message), "HTTP 500")
        if self.sends == self.die_before:
            os.kill(os.getpid(), signal.SIGKILL)
        content = {name: path.read_bytes().decode() for name, path in files.items()}
        with self.log.open("a") as out:
            out.write(json.dumps([message.model_dump(), content]) + "\n")
        if self.sends == self.die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"n": len(self.taken()) - 1}

    def taken(self) -> list[tuple[dict[str, Any], dict[str, str]]]:
        if not self.log.exists():
            return []
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()]  # type: ignore[misc]


def _is(body: Mapping[str, Any], message: OutboxMessage, *keys: str) -> bool:
    asked = message.model_dump()
    return all(body.get(key) == asked[key] for key in keys)


def brief(message: Mapping[str, Any]) -> str:
    """Return kind and name of a message."""
    kind = message["kind"]
    if kind == "artifact":
        return f"{message['type']} {message['aliases'][0]}"
    if kind == "alias":
        return f"{message['alias']} {message['version']}"
    return f"{kind} {message['run']['id']}"


def model_of(taken: Mapping[str, Any]) -> ArtifactUpload:
    found: ArtifactUpload = ArtifactUpload.from_body(dict(taken), "taken")
    return found
