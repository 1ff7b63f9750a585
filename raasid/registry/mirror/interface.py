"""Where the outbox is sent to: W&B, or a stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from raasid.errors import RaasidError
from raasid.registry.mirror.told import Told

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
