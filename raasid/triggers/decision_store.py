"""Decision records in a folder: written once, listed newest first, verified when they are read.

A record is `<folder>/<model>/<day>-<trigger>-<first 12 digits of the digest>.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

from raasid.errors import RaasidError
from raasid.io.atomic import write_atomic
from raasid.io.drafts import remove_abandoned
from raasid.registry.names import model_name
from raasid.triggers.decision_record import Decision, TriggerName

_NAME = re.compile(rf"(\d{{8}})-({'|'.join(get_args(TriggerName))})-([0-9a-f]{{12}})\.json")
_DIGEST_LENGTH = 12


class DecisionDamaged(RaasidError):
    """A decision record that is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; delete it: the same check writes the same record again")
        self.path, self.reason = path, reason


class StoredDecision(NamedTuple):
    """A decision and where it is stored."""

    decision: Decision
    path: Path
    day: date
    """On which it was first made."""


class DecisionStore:
    """All decision records below a folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, decision: Decision, day: date) -> Path:
        """Store a decision unless it is stored already, on whichever day; return its file.

        Raises DiskFull.
        """
        short = decision.digest[:_DIGEST_LENGTH]
        folder = self.folder / model_name(decision.model)
        data = decision.to_bytes()
        remove_abandoned(folder)
        for path in sorted(folder.glob(f"*-{decision.trigger}-{short}.json")):
            if path.read_bytes() != data:
                write_atomic(path, data)  # the name says what it held
            return path
        path = folder / f"{day:%Y%m%d}-{decision.trigger}-{short}.json"
        write_atomic(path, data)
        return path

    def read(self, path: Path) -> StoredDecision:
        """Read one record. Raises DecisionDamaged."""
        named = _NAME.fullmatch(path.name)
        if named is None:
            raise DecisionDamaged(path, "is not named as decision records are")
        try:
            decision = Decision.from_bytes(path.read_bytes())
            day = date.fromisoformat(named[1])
        except OSError as error:
            raise DecisionDamaged(path, f"cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise DecisionDamaged(path, str(error)) from error
        found = (decision.model, decision.trigger, decision.digest[:_DIGEST_LENGTH])
        if found != (path.parent.name, named[2], named[3]):
            raise DecisionDamaged(path, "holds another decision than its name says")
        return StoredDecision(decision, path, day)

    def newest_first(
        self, model: str | None = None, damage: list[DecisionDamaged] | None = None
    ) -> Iterator[StoredDecision]:
        """Yield the decisions on one model or on all, by day, then by time of writing.

        damage: takes up damaged records, which are left out; None: raise DecisionDamaged.
        """
        for path in self._paths(model):
            try:
                yield self.read(path)
            except DecisionDamaged as error:
                if damage is None:
                    raise
                damage.append(error)

    def find_damage(self) -> dict[Path, str]:
        """Return what is wrong, by file; empty if every record is intact."""
        damage: list[DecisionDamaged] = []
        for _ in self.newest_first(damage=damage):
            pass
        return {error.path: error.reason for error in damage}

    def _paths(self, model: str | None) -> list[Path]:
        paths = self.folder.glob(f"{'*' if model is None else model_name(model)}/[!.]*.json")
        return sorted(
            paths, key=lambda path: (path.name[:8], path.lstat().st_mtime_ns, path.name), reverse=True
        )
