"""A journal of a study in one file, which any number of processes of several machines append to.

Optuna's backend, with two additions. A process that is killed while it writes leaves part of a line, to which
the next process would append, and Optuna could not read the journal any more. This backend truncates such an
incomplete line before it appends. Damaged records are found by their checksums, and moved to a file beside
the journal when it is opened.
"""

from __future__ import annotations

import logging
import os
import secrets
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import TrialState

from raasid.errors import RaasidError
from raasid.io.atomic import write_atomic
from raasid.io.disk_full import naming_full_disk
from raasid.sweeps.journal_lock import JournalLock
from raasid.sweeps.journal_records import count_trials, decode, encode, is_numbered_right, repair

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


class JournalDamaged(RaasidError):
    """A record that is damaged, or does not fit to those before it."""

    def __init__(self, path: Path, record: int) -> None:
        super().__init__(
            f"{path}: record {record} is damaged; type the same again: it is moved away, the others are kept"
        )


def open_journal(path: Path) -> JournalStorage:
    """Open or create a journal; damaged records are moved into a file beside it.

    Raises RaasidError if no study is left, DiskFull.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        storage = _open(path)
        if ends_whole(path):
            return storage
    except OSError:
        raise
    except Exception as error:  # Optuna fails in many ways on records that do not fit together
        if not move_damaged_records(path):
            raise error if isinstance(error, RaasidError) else RaasidError(f"{path}: {error!r}") from error
    else:
        move_damaged_records(path)
    return _open(path)


def _open(path: Path) -> JournalStorage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return JournalStorage(JournalBackend(path))


class JournalBackend(BaseJournalBackend):
    """Reads whole records, and appends whole lines only."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, JournalLock(path)
        self._held: list[dict[str, Any]] | None = None
        self._starts, self._created = [0], [0]
        """Of each record that was read: its offset, and the number of trials that were created before it."""
        path.touch()

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the records from a number on. Raises JournalDamaged."""
        number = min(log_number_from, len(self._starts) - 1)
        with self._path.open("rb") as file:
            file.seek(self._starts[number])
            for line in file:
                if not line.endswith(b"\n"):  # it is being written, or its process was killed
                    return
                record, created = decode(line), self._created[number]
                if record is None or not is_numbered_right(record, created):
                    raise JournalDamaged(self._path, number)
                number += 1
                if number == len(self._starts):
                    self._starts.append(self._starts[-1] + len(line))
                    self._created.append(created + (record["op_code"] == JournalOperation.CREATE_TRIAL))
                if number > log_number_from:
                    yield record

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append records after the last whole line; what must not be lost is flushed. Raises DiskFull."""
        if self._held is not None:
            self._held += logs
            if all(log["op_code"] in _HELD for log in logs):
                return
            logs, self._held = self._held, []
        while not self._append(logs):
            continue

    def _append(self, logs: list[dict[str, Any]]) -> bool:
        """Append records; return False if the lock was lost meanwhile, as to a machine that was suspended."""
        with self._lock, naming_full_disk(self._path.parent, self._path.name):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                end = _end_of_whole_lines(descriptor)
                data = b"".join(map(encode, self._numbered(logs, descriptor, end)))
                if not self._lock.is_held():
                    return False
                if os.fstat(descriptor).st_size > end:
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
        return True

    def _numbered(self, logs: list[dict[str, Any]], descriptor: int, end: int) -> Iterator[Mapping[str, Any]]:
        """Yield records, those of new trials with the number that Optuna gives them when it reads them."""
        number = -1
        for log in logs:
            if log["op_code"] != JournalOperation.CREATE_TRIAL:
                yield log
                continue
            number = number + 1 if number >= 0 else count_trials(os.pread(descriptor, end, 0))
            yield {**log, "trial_id": number}

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


def move_damaged_records(path: Path) -> Path | None:
    """Move damaged records into a file beside the journal; return that file, if there are any.

    They come from disks, power cuts, and other programs. Raises StudyRecordLost.
    """
    with JournalLock(path):
        before = path.read_bytes()
        content, damaged, restored = repair(before, path)
        if content == before:
            return None
        moved_to = path.with_name(f"{path.name}.damaged-{secrets.token_hex(3)}")
        write_atomic(moved_to, damaged)
        if len(content) > len(before):
            write_atomic(path, content)
        else:  # in place: other processes know the offsets of the records
            with path.open("r+b") as file:
                file.write(content)
                file.truncate()
                os.fsync(file.fileno())
    lost = f"; the first record of {restored} trials is lost, and later ones are kept" if restored else ""
    _log.warning("%s: damaged records were moved to %s; the others are kept%s", path, moved_to.name, lost)
    return moved_to


def ends_whole(path: Path) -> bool:
    """Whether a journal ends with a whole line."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        return end == 0 or os.pread(file.fileno(), 1, end - 1) == b"\n"


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
