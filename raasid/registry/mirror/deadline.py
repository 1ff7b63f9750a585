"""An end to waiting: libraries retry for minutes, name servers and dead networks do not answer at all."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any


def within(seconds: float, work: Callable[[], Any]) -> Any:
    """What `work` returns or raises; TimeoutError if that takes longer.

    Work that is too late goes on in the background and hinders nobody from leaving.
    """
    outcome: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def do() -> None:
        try:
            outcome.put((work(), None))
        except BaseException as error:  # whoever waits gets it
            outcome.put((None, error))

    Thread(target=do, daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return result
