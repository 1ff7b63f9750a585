"""Ownership of a folder by one live process, on filesystems that machines and containers share.

`FOLDER/<number>.json` is created once, by `link`, and the highest number is the owner: two processes that
find the same dead owner cannot both follow it. Neither process ids nor host names count, since two containers
may have the same. Whether an owner lives is decided by

- a POSIX record lock on its file, where owner and observer share the mount of one kernel (`lock_domain`): the
  kernel releases it when the process dies, and forked workers do not inherit it;
- the file's modification time elsewhere, and where the filesystem has no locks: the owner renews it every
  `HEARTBEAT_S` seconds, and after `EXPIRES_S` seconds without renewal, by the filesystem's own clock, it
  counts as dead.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from raasid.errors import UsageError

HEARTBEAT_S = 10.0
EXPIRES_S = 60.0
_POLL_S = 0.5
_MAX_BYTES = 4096


class LeaseHeld(UsageError):
    """The folder belongs to another process that is alive."""

    def __init__(self, what: str, owner: LeaseOwner) -> None:
        super().__init__(
            f"{what} belongs to another process, on {owner.host}, since {owner.since}; "
            "wait until it has ended"
        )
        self.owner = owner


class LeaseLost(UsageError):
    """Another process took the folder over, because this one gave no sign of life for too long."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: another process took over, because this one gave no sign of life for {EXPIRES_S:g} s; "
            "this one stops"
        )


@dataclass(frozen=True, slots=True)
class LeaseOwner:
    """The process that owns a folder, as its file tells."""

    file: Path
    host: str
    """For people only."""
    since: str
    """UTC, ISO 8601."""
    lock_domain: str | None
    released: bool


class Lease:
    """Ownership of what a folder of leases stands for, until `release`, the end of the block, or death.

    what: for messages, as "run NAME".
    """

    def __init__(self, folder: Path, what: str) -> None:
        """Take the ownership, from a dead owner too.

        A process on another machine that may be dead is watched, for at most `EXPIRES_S` seconds.
        Raises LeaseHeld.
        """
        self._what = what
        folder.mkdir(parents=True, exist_ok=True)
        verdict = wait_for_verdict(folder)
        if verdict.owner is not None:
            raise LeaseHeld(what, verdict.owner)
        self._file = folder / f"{verdict.number + 1:06d}.json"
        self._record = {
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "lock_domain": lock_domain(folder),
        }
        self._descriptor = self._claim()
        self._lost = False
        self._ended = threading.Event()
        threading.Thread(target=self._renew, name="lease", daemon=True).start()

    def check(self) -> None:
        """Raise LeaseLost if another process has taken over meanwhile."""
        self._lost = self._lost or _files(self._file.parent)[-1:] != [self._file]
        if self._lost:
            raise LeaseLost(self._what)

    @property
    def lost(self) -> bool:
        """Whether the last sign of life found another owner; costs nothing."""
        return self._lost

    def release(self) -> None:
        """Give the ownership up: another process can take it at once."""
        if self._ended.is_set():
            return
        self._ended.set()
        with suppress(OSError):  # a full disk: the lock goes with the descriptor, and that is enough
            os.pwrite(self._descriptor, _encode(self._record | {"released": True}), 0)
        _OWN.pop(_identity(os.fstat(self._descriptor)), None)
        os.close(self._descriptor)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _claim(self) -> int:
        """Create the file, locked before anybody can see it, and remove those of earlier owners."""
        draft = self._file.with_name(f".{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with suppress(OSError):  # no locks here: the heartbeat has to do
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            record = _encode(self._record)
            if os.write(descriptor, record) < len(record):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(draft))
            winner = self._publish(draft)
            if winner is not None:
                raise LeaseHeld(self._what, winner)
        except BaseException:
            os.close(descriptor)
            raise
        finally:
            draft.unlink(missing_ok=True)
        _OWN[_identity(os.fstat(descriptor))] = descriptor
        return descriptor

    def _publish(self, draft: Path) -> LeaseOwner | None:
        """Give the file its number; return the owner that was faster, if there is one."""
        folder = self._file.parent
        try:
            os.link(draft, self._file)
        except FileExistsError:
            return _newest(folder)
        *earlier, newest = _files(folder)
        if newest != self._file:  # others came and went since the verdict: the number was free, but too low
            self._file.unlink(missing_ok=True)
            return _read(newest)
        for file in earlier:
            file.unlink(missing_ok=True)
        return None

    def _renew(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            try:
                os.utime(self._file)  # the filesystem's clock, not that of this machine
                self._lost = self._lost or _files(self._file.parent)[-1] != self._file
            except FileNotFoundError:
                self._lost = True
            except OSError:  # a server that is away for a moment
                continue


@contextmanager
def making_alone(path: Path, on_wait: Callable[[LeaseOwner], None]) -> Iterator[None]:
    """Let one process at a time make a file or folder; the others wait, and then look whether it is there.

    on_wait: called once if another process makes it. The lease lies beside `path` and is removed at the end.
    Not to be nested for one path.
    """
    folder = path.with_name(f".{path.name}.lease")
    lease = _wait_for_lease(folder, str(path), on_wait)
    try:
        yield
    finally:
        done = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}")
        with suppress(OSError, LeaseLost):
            lease.check()
            folder.rename(done)  # while it is owned: no other process can have a lease in it
        lease.release()
        shutil.rmtree(done, ignore_errors=True)


def _wait_for_lease(folder: Path, what: str, on_wait: Callable[[LeaseOwner], None]) -> Lease:
    waits = False
    while True:
        try:
            return Lease(folder, what)
        except FileNotFoundError:  # another process has just finished, and removed the folder
            continue
        except LeaseHeld as error:
            if not waits:
                on_wait(error.owner)
                waits = True
            time.sleep(_POLL_S)


class Verdict(NamedTuple):
    """What is known about a folder of leases."""

    number: int
    """Of the newest lease; 0: there was none."""
    owner: LeaseOwner | None
    """Who is certainly alive; None: the folder is free."""


def wait_for_verdict(folder: Path) -> Verdict:
    """Find out whether a folder is free.

    Watches an owner on another machine until it gives a sign of life or expires.
    """
    owner = _newest(folder)
    first_seen = None if owner is None else _modified(owner.file)
    while owner is not None:
        alive = _is_alive(owner)
        number = int(owner.file.stem)
        if alive is not None:
            return Verdict(number, owner if alive else None)
        if _modified(owner.file) != first_seen:
            return Verdict(number, owner)
        time.sleep(_POLL_S)
        owner = _newest(folder)
    return Verdict(0, None)


def is_abandoned(folder: Path) -> bool:
    """Return True if it is certain that the last owner of a folder is dead, or gave the ownership up."""
    owner = _newest(folder)
    return owner is not None and _is_alive(owner) is False


_OWN: dict[tuple[int, int], int] = {}
"""Descriptors of this process's leases: opening such a file again and closing it would release its lock."""


def _is_alive(owner: LeaseOwner) -> bool | None:
    """Whether the owner is alive; None: it gave a sign of life less than `EXPIRES_S` ago."""
    if owner.released:
        return False
    try:
        if _identity(owner.file.stat()) in _OWN:
            return True
        with owner.file.open("rb") as file:  # opening also makes an NFS client ask for the current time stamp
            if owner.lock_domain is not None and owner.lock_domain == lock_domain(owner.file.parent):
                try:
                    fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except (BlockingIOError, PermissionError):
                    return True
                except OSError:
                    pass  # no locks here
                else:
                    return False
            age = filesystem_time(owner.file.parent) - os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return False
    return False if age > EXPIRES_S else None


def filesystem_time(folder: Path) -> float:
    """Return the time by the clock that stamps the files of a folder: seconds since the epoch."""
    probe = folder / f".{secrets.token_hex(8)}"
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
        probe.unlink(missing_ok=True)


def lock_domain(folder: Path) -> str | None:
    """Name the kernel and the mount of a folder: processes with the same name see each other's locks.

    Two containers may mount one network folder each for itself, with one kernel and without common locks.
    None where the kernel cannot be told.
    """
    boot_id = _boot_id()
    return None if boot_id is None else f"{boot_id} {folder.stat().st_dev}"


def _newest(folder: Path) -> LeaseOwner | None:
    files = _files(folder)
    return _read(files[-1]) if files else None


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.suffix == ".json" and file.stem.isdigit())


def _read(file: Path) -> LeaseOwner | None:
    try:
        own = _OWN.get(_identity(file.stat()))
        record = json.loads(file.read_bytes() if own is None else os.pread(own, _MAX_BYTES, 0))
    except FileNotFoundError:
        return None
    except ValueError:
        record = {}
    return LeaseOwner(
        file,
        str(record.get("host", "an unknown machine")),
        str(record.get("since", "an unknown time")),
        record.get("lock_domain"),
        bool(record.get("released", False)),
    )


def _encode(record: Mapping[str, object]) -> bytes:
    return (json.dumps({"released": False, **record}) + "\n").encode()


def _modified(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
