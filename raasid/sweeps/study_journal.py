"""A journal of a study in one file, which any number of processes of several machines append to.

Optuna's backend, with two additions. A process that is killed while it writes leaves part of a line, to which
the next process would append, and Optuna could not read the journal any more. This backend truncates such an
incomplete line before it appends. The lock of a killed process is free at once where the kernel can tell that
the process died, instead of after 30 seconds.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend, JournalFileSymlinkLock
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import TrialState

from raasid.errors import RaasidError
from raasid.io.atomic import write_atomic
from raasid.io.disk_full import naming_full_disk
from raasid.io.lease import lock_domain

_log = logging.getLogger(__name__)
_POLL_S = 0.002
_TAIL_BYTES = 1 << 16
_NOT_SYNCED = {
    JournalOperation.SET_TRIAL_USER_ATTR,
    JournalOperation.SET_TRIAL_SYSTEM_ATTR,
    JournalOperation.SET_TRIAL_INTERMEDIATE_VALUE,
}
"""Operations that a power cut may undo. Parameters are none: a checkpoint must not meet others."""
_HELD = {
    JournalOperation.CREATE_TRIAL,
    JournalOperation.SET_TRIAL_PARAM,
    JournalOperation.SET_TRIAL_USER_ATTR,
}


def open_journal(path: Path) -> JournalStorage:
    """Open or create a journal.

    Raises RaasidError if its records contradict each other, DiskFull.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    backend = JournalBackend(path)
    if (moved_to := move_damaged_lines(path)) is not None:
        _log.warning("%s: damaged lines were moved to %s; the other lines are kept", path, moved_to.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        try:
            return JournalStorage(backend)
        except Exception as error:  # Optuna fails in many ways on records that do not fit together
            what = f"{type(error).__name__}: {error}"
            raise RaasidError(
                f"{path}: its records do not fit together ({what}); move it away, and the sweep starts anew"
            ) from error


class JournalBackend(BaseJournalBackend):
    """Reads as Optuna's file backend does, and appends whole lines only."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, JournalLock(path)
        self._file = JournalFileBackend(str(path), self._lock)
        self._held: list[dict[str, Any]] | None = None

    def read_logs(self, log_number_from: int) -> Any:
        """Yield the records from a number on."""
        return self._file.read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append records after the last whole line; what must not be lost is flushed. Raises DiskFull."""
        if self._held is not None:
            self._held += logs
            if all(log["op_code"] in _HELD for log in logs):
                return
            logs, self._held = self._held, []
        data = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with self._lock, naming_full_disk(self._path.parent, self._path.name, len(data)):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                end = _end_of_whole_lines(descriptor)
                os.ftruncate(descriptor, end)
                try:
                    written = 0
                    while written < len(data):
                        written += os.pwrite(descriptor, data[written:], end + written)
                    if any(_needs_sync(log) for log in logs):
                        os.fsync(descriptor)
                except OSError:
                    os.ftruncate(descriptor, end)
                    raise
            finally:
                os.close(descriptor)

    @contextmanager
    def one_append(self) -> Iterator[None]:
        """Append new trials, parameters and user attributes together at the end of the block."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            if held:
                self.append_logs(held)


@contextmanager
def one_append(storage: BaseStorage) -> Iterator[None]:
    """Write new trials, parameters and user attributes of the block at once, if the storage is a journal."""
    backend = getattr(storage, "_backend", None)
    if not (isinstance(storage, JournalStorage) and isinstance(backend, JournalBackend)):
        yield
        return
    # Optuna returns this from `create_new_trial`, and sets it when it reads the record of the trial
    vars(storage._replay_result).setdefault("_last_created_trial_id_by_this_process", -1)
    with backend.one_append():
        yield


class JournalLock(JournalFileSymlinkLock):
    """Optuna's lock file (a symbolic link), whose target names the kernel and mount of its owner.

    The owner also holds a POSIX record lock, which the kernel releases when the process dies. A process that
    gets this lock and finds a link of its own kernel and mount knows that the link's owner is dead.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._domain = lock_domain(path.parent) or "unknown"
        self._kernel_file = path.with_name(f".{path.name}.kernel_lock")
        self._descriptor = -1

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._descriptor = os.open(self._kernel_file, os.O_RDWR | os.O_CREAT, 0o644)
        locked = False
        with suppress(OSError):  # no locks on this filesystem: the link has to do
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
            locked = True
        seen, since = "", time.monotonic()
        while True:
            try:
                Path(self._lock_file).symlink_to(f"{self._domain} {secrets.token_hex(8)}")
            except FileExistsError:
                owner = self._owner()
                if owner != seen:
                    seen, since = owner, time.monotonic()
                ours = locked and owner.rpartition(" ")[0] == self._domain
                if ours or time.monotonic() - since > (self.grace_period or 30):
                    Path(self._lock_file).unlink(missing_ok=True)
                else:
                    time.sleep(_POLL_S)
                continue
            return True

    def release(self) -> None:
        """Free the lock."""
        Path(self._lock_file).unlink(missing_ok=True)
        os.close(self._descriptor)

    def __enter__(self) -> JournalLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _owner(self) -> str:
        with suppress(OSError):
            return str(Path(self._lock_file).readlink())
        return ""


def move_damaged_lines(path: Path) -> Path | None:
    """Move lines that are no records into a file beside the journal; return that file, if there is one.

    Such lines come from other programs and from disks, and make Optuna refuse the whole journal.
    """
    if not path.exists() or not _damaged(path.read_bytes()):
        return None
    with JournalLock(path):
        lines = path.read_bytes().splitlines(keepends=True)
        damaged = [line for line in lines if not _is_record(line)]
        if not damaged:
            return None
        moved_to = path.with_name(f"{path.name}.damaged-{secrets.token_hex(3)}")
        write_atomic(moved_to, b"".join(damaged))
        write_atomic(path, b"".join(line for line in lines if _is_record(line)))
    return moved_to


def _damaged(content: bytes) -> bool:
    return any(not _is_record(line) for line in content.splitlines(keepends=True))


def _is_record(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and isinstance(record.get("op_code"), int) and "worker_id" in record


def _needs_sync(log: Mapping[str, Any]) -> bool:
    operation = log["op_code"]
    starts = operation == JournalOperation.SET_TRIAL_STATE_VALUES and log["state"] == TrialState.RUNNING
    return operation not in _NOT_SYNCED and not starts


def _end_of_whole_lines(descriptor: int) -> int:
    """Return the offset behind the last line break; 0 if there is none."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - _TAIL_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
