"""Worker processes of this machine, each started again as long as there is work."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.context import ForkProcess

from raasid.errors import Exit, RaasidError
from raasid.sweeps.worker import StopFlag

_POLL_S = 0.05
_MAX_FRUITLESS = 3
"""Workers that may die one after another without having taken a trial."""


class WorkerPool:
    """Keeps at most `n_jobs` processes of `work` running.

    Processes are forked: libraries that the parent has imported are there at once. They share nothing of the
    study with the parent but its storage.
    """

    def __init__(self, n_jobs: int, work: Callable[[int, StopFlag], None]) -> None:
        self._n_jobs, self._work = n_jobs, work
        self._context = multiprocessing.get_context("fork")
        self._stop = self._context.Event()
        self._workers: dict[int, ForkProcess] = {}

    def stop(self) -> None:
        """Let no worker begin another trial."""
        self._stop.set()

    def run(
        self, waiting: Callable[[], int], on_death: Callable[[], int], on_poll: Callable[[], None]
    ) -> int | None:
        """Run workers until all have ended and none is needed; return the signal that stopped them, or None.

        waiting: number of trials that nobody works at. on_death: called after a worker died; returns how many
        trials it lost. on_poll: called about 20 times a second. Raises RaasidError if workers die again and
        again without having taken a trial.
        """
        with _forwarding_signals(self._workers) as stopped:
            started = fruitless = 0
            while True:
                if stopped() is None and not self._stop.is_set():
                    for _ in range(min(self._n_jobs, waiting()) - len(self._workers)):
                        self._start(started)
                        started += 1
                if not self._workers:
                    return stopped()
                time.sleep(_POLL_S)
                for code in self._ended():
                    if code and code not in (Exit.PREEMPTED, Exit.INTERRUPTED):
                        fruitless = 0 if on_death() else fruitless + 1
                        if fruitless >= _MAX_FRUITLESS:
                            raise RaasidError(
                                f"{fruitless} workers died (status {code}) before they took a trial"
                            )
                on_poll()

    def _start(self, number: int) -> None:
        process = self._context.Process(target=self._run, args=(number,))
        process.start()
        self._workers[process.pid or 0] = process

    def _run(self, number: int) -> None:
        """Run in the new process."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // self._n_jobs)))
        self._work(number, self._stop)

    def _ended(self) -> list[int]:
        """Forget the processes that have ended; return their exit codes."""
        ended = [pid for pid, process in self._workers.items() if not process.is_alive()]
        return [self._workers.pop(pid).exitcode or 0 for pid in ended]


@contextmanager
def _forwarding_signals(workers: Mapping[int, ForkProcess]) -> Iterator[Callable[[], int | None]]:
    """Pass TERM and USR1 on to the workers; yield a function that says which signal came, if one did.

    Ctrl-C reaches the workers by itself, as they are of the terminal's process group.
    """
    came: list[int] = []

    def handle(which: int, _: object) -> None:
        came.append(which)
        for process in workers.values():
            if process.pid is not None and process.is_alive() and which != signal.SIGINT:
                os.kill(process.pid, which)

    watched = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
    before = {which: signal.signal(which, handle) for which in watched}
    try:
        yield lambda: came[0] if came else None
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
