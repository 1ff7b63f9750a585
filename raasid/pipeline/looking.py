"""What a person sees while a model is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl

from raasid.console import progress


class _Advance(pl.Callback):
    """Tells of every batch that a test has finished."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance

    def on_test_batch_end(self, *_: Any, **__: Any) -> None:
        """One more."""
        self._advance(1)


@contextmanager
def looking(trainer: pl.Trainer, split: str, batches: int) -> Iterator[None]:
    """Show how far a test of the trainer has come; of several processes, in the first."""
    if not trainer.is_global_zero:
        yield
        return
    with progress(f"looking at the {split} split, batches", batches) as advance:
        callback = _Advance(advance)
        trainer.callbacks.append(callback)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            trainer.callbacks.remove(callback)  # type: ignore[attr-defined]
