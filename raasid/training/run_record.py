"""`RUN/run.json`: the identity of a training, its configuration, and whether it has finished.

The identity survives every resume, so that a run is registered once whatever ends its processes. While a
process trains, it owns the run through a lease in `RUN/.owner`.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from raasid.errors import Exit, RaasidError
from raasid.io.atomic import write_atomic
from raasid.io.file_digests import sha256_of
from raasid.io.lease import Lease, LeaseHeld, is_abandoned, wait_for_verdict

_FILE = "run.json"
_OWNER = ".owner"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What a run says about itself."""

    id: str
    """16 hex digits; never used for another run."""
    started: str
    """UTC, ISO 8601, of its first process."""
    config: dict[str, Any]
    """Of its newest process, as plain values."""
    resumed_from: dict[str, str] | None = None
    """Path and SHA-256 of another run's checkpoint, from which this one started."""
    registering: bool = False
    """Whether a process has begun to register the model, and a version may exist."""
    finished: str | None = None
    """UTC, ISO 8601; None while something is left to do."""
    version: str | None = None
    """NAME VERSION in the registry."""
    format: int = 1

    def lengths(self) -> dict[str, Any]:
        """Return the settings that end the training."""
        return run_lengths(self.config)


def run_lengths(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a configuration that end the training."""
    trainer = config.get("trainer") or {}
    return {key: trainer.get(key) for key in ("max_epochs", "max_steps", "max_time")}


def read_run(run_dir: Path) -> RunRecord | None:
    """Return a run's record; None where there is none, or none that can be read."""
    try:
        values = json.loads((run_dir / _FILE).read_text(encoding="utf-8"))
        record = RunRecord(**values)
    except (OSError, ValueError, TypeError):
        return None
    return record if isinstance(values["config"], dict) else None


def refuse_owned_run(run_dir: Path) -> None:
    """Raise LeaseHeld if another process works on the run."""
    if (run_dir / _OWNER).is_dir():
        owner = wait_for_verdict(run_dir / _OWNER).owner
        if owner is not None:
            raise LeaseHeld(f"run {run_dir.name}", owner)


def wait_for_release(run_dir: Path, patience_s: float = 30.0) -> None:
    """Wait until the process that owns a run has ended its work on it."""
    until = time.monotonic() + patience_s
    while (run_dir / _OWNER).is_dir() and not is_abandoned(run_dir / _OWNER) and time.monotonic() < until:
        time.sleep(0.1)


class RunFinished(RaasidError):
    """The run that was to be resumed has nothing left to do."""

    exit = Exit.DONE

    def __init__(self, run: Path, record: RunRecord) -> None:
        registered = f", registered as {record.version}" if record.version else ""
        super().__init__(
            f"{run}: finished {record.finished}{registered}; nothing is left to do. To train longer: "
            "raise trainer.max_epochs"
        )


class OwnedRun:
    """A run that this process works on, alone."""

    def __init__(self, run_dir: Path, record: RunRecord, lease: Lease) -> None:
        self._file, self._lease, self.record = run_dir / _FILE, lease, record

    def check_owned(self) -> None:
        """Raise LeaseLost if another process has taken over."""
        self._lease.check()

    def check_not_lost(self) -> None:
        """Raise LeaseLost as `check_owned` does, but from what the last sign of life saw: costs nothing."""
        if self._lease.lost:
            self._lease.check()

    def start_registering(self) -> None:
        """Record that a version may exist from now on. Raises LeaseLost."""
        self.check_owned()
        self._write(replace(self.record, registering=True))

    def finish(self, version: str | None) -> None:
        """Record that nothing is left to do. Raises LeaseLost."""
        self.check_owned()
        self._write(replace(self.record, finished=_now(), version=version))

    def _write(self, record: RunRecord) -> None:
        write_atomic(self._file, json.dumps(asdict(record), indent=1, sort_keys=True) + "\n")
        self.record = record


def continues_in(run_dir: Path, checkpoint: Path | None) -> bool:
    """Whether a checkpoint is one of the run in that directory."""
    return checkpoint is not None and checkpoint.resolve().parent.parent == run_dir.resolve()


@contextmanager
def own_run(run_dir: Path, config: dict[str, Any], checkpoint: Path | None) -> Iterator[OwnedRun]:
    """Own a run within the block; its record is on disk from the start.

    checkpoint: from which it starts. One in the same directory, which need not exist yet, continues that run;
    anything else is a run of its own. Raises LeaseHeld, and RunFinished if another process has finished the
    run since it was chosen.
    """
    with Lease(run_dir / _OWNER, f"run {run_dir.name}") as lease:
        earlier = read_run(run_dir) if continues_in(run_dir, checkpoint) else None
        if earlier is not None and earlier.finished is not None:
            raise RunFinished(run_dir, earlier)
        if earlier is not None:
            record = replace(earlier, config=config)
        else:
            origin = None
            if checkpoint is not None and not continues_in(run_dir, checkpoint):
                origin = {"path": str(checkpoint), "sha256": sha256_of(checkpoint)}
            record = RunRecord(secrets.token_hex(8), _now(), config, origin)
        run = OwnedRun(run_dir, record, lease)
        run._write(record)
        yield run


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
