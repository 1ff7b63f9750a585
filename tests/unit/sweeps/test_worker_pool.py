"""The pool notices at once that a worker has ended, and looks at a large study less often."""

from __future__ import annotations

import time

from raasid.sweeps.worker_pool import SharedFlag, WorkerPool


def test_a_slow_poll_is_made_less_often_and_the_end_of_a_worker_is_noticed_at_once() -> None:
    polls: list[float] = []
    begun: list[int] = []

    def work(number: int, stop: SharedFlag) -> None:
        time.sleep(1.5)

    def waiting() -> int:
        begun.append(1)
        return 1 if len(begun) == 1 else 0

    def slow_poll() -> None:
        polls.append(time.monotonic())
        end = time.process_time() + 0.02  # 2 % of a core: once a second
        while time.process_time() < end:
            pass

    start = time.monotonic()
    assert WorkerPool(1, work).run(waiting, lambda _: 0, slow_poll) is None
    assert len(polls) <= 4
    assert time.monotonic() - start < 1.5 + 0.9
