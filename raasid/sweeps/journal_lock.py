"""The lock of a journal, which is free at once when its process is killed, instead of after 30 seconds."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from optuna.storages.journal import JournalFileSymlinkLock

from raasid.io.lease import lock_domain

_POLL_S = 0.002


class JournalLock(JournalFileSymlinkLock):
    """Optuna's lock file (a symbolic link), whose target names the kernel and mount of its owner.

    The owner also holds a POSIX record lock, which the kernel releases when the process dies. A process that
    gets this lock and finds a link of its own kernel and mount knows that the link's owner is dead.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._domain = lock_domain(path.parent) or "unknown"
        self._kernel_file = path.with_name(f".{path.name}.kernel_lock")
        self._descriptor, self._token = -1, ""

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._descriptor = os.open(self._kernel_file, os.O_RDWR | os.O_CREAT, 0o644)
        locked = False
        with suppress(OSError):  # no locks on this filesystem: the link has to do
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
            locked = True
        seen, since = "", time.monotonic()
        self._token = f"{self._domain} {secrets.token_hex(8)}"
        while True:
            try:
                Path(self._lock_file).symlink_to(self._token)
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
        if self.is_held():
            Path(self._lock_file).unlink(missing_ok=True)
        os.close(self._descriptor)

    def is_held(self) -> bool:
        """Whether no other process has taken the lock over, because this one did nothing for too long."""
        return self._owner() == self._token

    def __enter__(self) -> JournalLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _owner(self) -> str:
        with suppress(OSError):
            return str(Path(self._lock_file).readlink())
        return ""
