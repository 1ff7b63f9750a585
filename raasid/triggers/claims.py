"""Claims: of several processes that want to act on a decision, one does, and once.

    <folder>/<model>/lease/          who retrains the model now (`raasid.io.lease`)
    <folder>/<model>/<digest>.json   the retraining that answered the decision with this digest

A model is retrained by one process at a time, whatever the decision. The lease of a killed process can be
taken over; a decision that was answered is never acted upon again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from raasid.errors import RaasidError, UsageError
from raasid.io.atomic import make_folder, write_atomic
from raasid.io.disk_full import naming_full_disk
from raasid.io.drafts import remove_abandoned
from raasid.io.lease import Lease
from raasid.registry.names import model_name
from raasid.registry.record_chain import canonical_json
from raasid.registry.strict_json import parse_json
from raasid.triggers.decision_record import Decision
from raasid.triggers.retraining_history import Retraining

_NAME = re.compile(r"[0-9a-f]{64}\.json")


class ClaimFinished(UsageError):
    """The decision has been acted upon."""

    def __init__(self, done: Retraining) -> None:
        made = f"version {done.version}" if done.version else "no version"
        super().__init__(
            f"{done.model}: this decision was acted upon, until {done.ended}, and gave {made}; "
            "other data, another champion or the next slot give another decision"
        )
        self.retraining = done


class RetrainingUnreadable(RaasidError):
    """The record of a retraining that is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}; restore it, or delete it and its decision may be acted upon again"
        )


class Claim:
    """The right to act on a decision, until `finish`, `release`, the end of the block, or death."""

    def __init__(self, decision: Decision, lease: Lease, done: Path) -> None:
        self.decision, self._lease, self._done = decision, lease, done

    def check(self) -> None:
        """Raise LeaseLost if another process has taken over meanwhile."""
        self._lease.check()

    def finish(self, retraining: Retraining) -> None:
        """Record how it ended, so that nobody acts on the decision again, and release the claim.

        Raises LeaseLost, DiskFull.
        """
        if (retraining.model, retraining.decision) != (self.decision.model, self.decision.digest):
            raise ValueError("a retraining for another decision than the claimed one")
        self.check()
        write_atomic(self._done, canonical_json(retraining.model_dump(mode="json")) + b"\n")
        self.release()

    def release(self) -> None:
        """Let others act on the decision, as after a failure that may pass."""
        self._lease.release()

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class ClaimStore:
    """The claims below a folder, and the retrainings that came of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, decision: Decision) -> Claim:
        """Claim a decision; where the process that had claimed it was killed, take it over.

        Raises LeaseHeld while another process retrains the model, ClaimFinished, DiskFull.
        """
        done = self._path(decision)
        make_folder(done.parent)
        remove_abandoned(done.parent)
        with naming_full_disk(done.parent, "a claim"):
            lease = Lease(done.parent / "lease", f"the retraining of {decision.model}")
        try:
            if (finished := self.find(decision)) is not None:  # nobody can finish it from now on
                raise ClaimFinished(finished)
        except BaseException:
            lease.release()
            raise
        return Claim(decision, lease, done)

    def find(self, decision: Decision) -> Retraining | None:
        """Return the retraining that answered a decision, if one did. Raises RetrainingUnreadable."""
        path = self._path(decision)
        return _read(path) if path.is_file() else None

    def history(
        self, model: str | None = None, damage: list[RetrainingUnreadable] | None = None
    ) -> list[Retraining]:
        """Return the ended retrainings of one model or of all, the oldest first.

        damage: takes up unreadable records, which are left out; None: raise RetrainingUnreadable.
        """
        found = []
        for path in self._paths(model):
            try:
                found.append(_read(path))
            except RetrainingUnreadable as error:
                if damage is None:
                    raise
                damage.append(error)
        return sorted(found, key=lambda past: (past.end, past.decision))

    def _path(self, decision: Decision) -> Path:
        return self.folder / model_name(decision.model) / f"{decision.digest}.json"

    def _paths(self, model: str | None) -> Iterator[Path]:
        for path in self.folder.glob(f"{'*' if model is None else model_name(model)}/*.json"):
            if _NAME.fullmatch(path.name):
                yield path


def _read(path: Path) -> Retraining:
    try:
        done = Retraining.model_validate(parse_json(path.read_bytes()))
    except OSError as error:
        raise RetrainingUnreadable(path, f"cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"is no record of a retraining ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        raise RetrainingUnreadable(path, reason) from error
    except ValueError as error:
        raise RetrainingUnreadable(path, str(error)) from error
    if (done.model, f"{done.decision}.json") != (path.parent.name, path.name):
        raise RetrainingUnreadable(path, "holds the retraining for another decision than its name says")
    return done
