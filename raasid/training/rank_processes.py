"""Training on several devices in a process that trains again afterwards, as a worker of a sweep does.

Lightning starts the other ranks as processes of their own, and counts on the end of the whole program: it
leaves its environment variables and the process group behind, with which the next training would wait for
ranks that nobody starts (Lightning issue 11300), and a thread that kills this process whenever another rank
has failed, if need be in the middle of the next training.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from lightning.fabric.strategies.launchers.subprocess_script import _ChildProcessObserver

from raasid.errors import Stopped

_VARIABLES = ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_GRACE_S = 60.0
_GRACE_AFTER_SIGNAL_S = 10.0


@contextmanager
def ending_other_ranks(grace_s: float = _GRACE_S) -> Iterator[None]:
    """Leave no other rank, no process group and no variable of Lightning behind.

    After a success the other ranks may take `grace_s`, in seconds, to end, and less after a signal, which all
    ranks act on together. After an error they are killed at once, because they may wait for this rank.
    """
    before = {name: os.environ.get(name) for name in _VARIABLES}
    in_group = _in_group()
    patience = 0.0
    try:
        yield
        patience = grace_s
    except Stopped:
        patience = min(grace_s, _GRACE_AFTER_SIGNAL_S)
        raise
    finally:
        _end(_processes_of_lightning(), patience)
        if _in_group() and not in_group:
            torch.distributed.destroy_process_group()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _in_group() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def _processes_of_lightning() -> list[subprocess.Popen[bytes]]:
    """Return the processes that Lightning started; its watching threads forget them, and end."""
    found: list[subprocess.Popen[bytes]] = []
    for thread in threading.enumerate():
        if isinstance(thread, _ChildProcessObserver):
            found += thread._child_processes
            thread._child_processes.clear()
    return found


def _end(processes: Sequence[subprocess.Popen[bytes]], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
