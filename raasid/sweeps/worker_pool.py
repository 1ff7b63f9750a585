"""Worker processes of this machine, each started again as long as there is work.

Workers do not outlive the process that started them, even if that one is killed: they would go on
unnoticed, and a user who types the command again would have twice as many.
"""

from __future__ import annotations

import ctypes
import mmap
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

from raasid.errors import Exit, RaasidError

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.05
_POLL_SHARE = 0.02
"""Share of one core that polling takes at most: a study of many trials is looked at less often."""
_MAX_FRUITLESS = 3
"""Workers that may die one after another while no trial ends."""


class SharedFlag:
    """Whether workers begin no further trial: set by one process, seen by those that it has forked.

    It has no lock, which a killed worker could keep for ever. A worker whose parent is dead sees it set.
    """

    def __init__(self) -> None:
        self._byte, self._owner = mmap.mmap(-1, 1), os.getpid()

    def set(self) -> None:
        """Set it, for good."""
        self._byte[0] = 1

    def is_set(self) -> bool:
        """Return True once no further trial may begin."""
        return self._byte[0] != 0 or self._owner not in (os.getpid(), os.getppid())


class WorkerPool:
    """Keeps at most `n_jobs` processes of `work` running.

    Processes are forked: libraries that the parent has imported are there at once. They share nothing of the
    study with the parent but its storage. work: called in the new process, with its number.
    """

    def __init__(self, n_jobs: int, work: Callable[[int, SharedFlag], None]) -> None:
        self._n_jobs, self._work = n_jobs, work
        self._context = multiprocessing.get_context("fork")
        self._stop = SharedFlag()
        self._workers: dict[int, ForkProcess] = {}

    def stop(self) -> None:
        """Let no worker begin another trial."""
        self._stop.set()

    def run(
        self, waiting: Callable[[], int], reap: Callable[[bool], int], on_poll: Callable[[], None]
    ) -> int | None:
        """Run workers until all have ended and none is needed; return the signal that stopped them, or None.

        waiting: number of trials to be taken. reap: queues the trials of dead processes again, and
        returns how many trials of the study have ended since it was called before; if its argument is True,
        it waits until it is known of each process whether it is dead. on_poll: called at most 20 times a
        second.
        Raises RaasidError if workers die again and again while no trial ends.
        """
        with forwarding_signals(self._workers) as stopped:
            started = fruitless = 0
            pause = _POLL_S
            while True:
                free = self._n_jobs - len(self._workers)
                if free and stopped() is None and not self._stop.is_set():
                    for _ in range(min(self._n_jobs, waiting()) - len(self._workers)):
                        self._start(started)
                        started += 1
                if not self._workers and (stopped() is not None or self._stop.is_set() or not reap(True)):
                    return stopped()
                wait([process.sentinel for process in self._workers.values()], pause)
                for code in self._ended():
                    if code and code not in (Exit.PREEMPTED, Exit.INTERRUPTED):
                        fruitless = 0 if reap(False) else fruitless + 1
                        if fruitless >= _MAX_FRUITLESS:
                            raise RaasidError(
                                f"{fruitless} workers died (status {code}) before a trial ended"
                            )
                begin = time.process_time()
                on_poll()
                pause = max(_POLL_S, (time.process_time() - begin) / _POLL_SHARE)

    def _start(self, number: int) -> None:
        process = self._context.Process(target=self._run, args=(number,))
        process.start()
        self._workers[process.pid or 0] = process

    def _run(self, number: int) -> None:
        """Run in the new process."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _die_with_parent(self._stop)
        threads = os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // self._n_jobs)))
        os.environ.setdefault("OPENCV_FOR_THREADS_NUM", threads)
        try:
            self._work(number, self._stop)
        except KeyboardInterrupt:  # of an application that leaves Ctrl-C to Python; the sweep tells of it
            sys.exit(Exit.INTERRUPTED)

    def _ended(self) -> list[int]:
        """Forget the processes that have ended; return their exit codes."""
        ended = [pid for pid, process in self._workers.items() if not process.is_alive()]
        return [self._workers.pop(pid).exitcode or 0 for pid in ended]


def _die_with_parent(stop: SharedFlag) -> None:
    """Let the kernel send TERM to this process when its parent dies, so that a training saves its checkpoint.

    Where the kernel is not Linux, a worker ends after the trial that it runs.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if stop.is_set():  # the parent died before
        os._exit(Exit.PREEMPTED)


@contextmanager
def forwarding_signals(workers: Mapping[int, ForkProcess]) -> Iterator[Callable[[], int | None]]:
    """Pass TERM, USR1 and USR2 on to the workers; yield a function that says which signal came, if one did.

    Ctrl-C reaches the workers by itself, as they are of the terminal's process group.
    """
    came: list[int] = []

    def handle(which: int, _: object) -> None:
        came.append(which)
        for process in workers.values():
            if process.pid is not None and process.is_alive() and which != signal.SIGINT:
                os.kill(process.pid, which)

    watched = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)
    before = {which: signal.signal(which, handle) for which in watched}
    try:
        yield lambda: came[0] if came else None
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
