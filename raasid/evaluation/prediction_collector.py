"""Keep what a model says about every frame or clip of an epoch, over batches and processes.

What the processes of a distributed evaluation found, put together.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

import lightning.pytorch as pl
import torch.distributed

from raasid.datasets.sample_meta import FrameRef

Key = TypeVar("Key", bound=tuple[Any, ...])
Found = TypeVar("Found")


def is_distributed() -> bool:
    """Whether other processes look at other samples of this epoch."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def of_all_processes(found: dict[Key, Found]) -> dict[Key, Found]:
    """What every process found, by key and in its order; the same in each of them.

    A distributed sampler repeats samples to give each process as many as the others: they count once.
    """
    together = dict(found)
    if is_distributed():
        shares: list[dict[Key, Found] | None] = [None] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(shares, found)
        for share in shares:
            together |= share or {}
    return dict(sorted(together.items(), key=lambda pair: pair[0]))


Said = TypeVar("Said")


class Keyed(Protocol):
    """A sample that is the same sample in every process."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is known by; keys can be sorted."""
        ...


Ref = TypeVar("Ref", bound=Keyed)


class Gathering(pl.Callback, Generic[Ref, Said]):
    """A callback that ends each epoch with what was said about all samples, in every process.

    A distributed sampler repeats samples to give each process as many as the others; they count once.
    Subclasses say what an output holds, and what to log once a validation has been gathered.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[Any, ...], tuple[Ref, Said]] = {}

    @abstractmethod
    def read(self, outputs: Any) -> Iterable[tuple[Ref, Said]]:
        """Samples of one step's output, each with what is to be kept of it."""

    @abstractmethod
    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics of a gathered validation; every process computes the same."""

    @property
    def refs(self) -> list[Ref]:
        """Samples of the last finished epoch, by their keys, of all processes."""
        return [ref for ref, _ in self._pairs.values()]

    @property
    def said(self) -> list[Said]:
        """What was said about `refs`, one for one."""
        return [said for _, said in self._pairs.values()]

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget the last epoch."""
        self._pairs = {}

    on_test_epoch_start = on_validation_epoch_start

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what the step found."""
        self._pairs |= {ref.key: (ref, said) for ref, said in self.read(outputs)}

    on_test_batch_end = on_validation_batch_end

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather, then log."""
        self._pairs = of_all_processes(self._pairs)
        self.log_metrics(trainer, pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather; the figures of a test are computed apart, with intervals."""
        self._pairs = of_all_processes(self._pairs)


class FrameGathering(Gathering[FrameRef, Said], Generic[Said]):
    """The same of frames."""

    @property
    def frames(self) -> list[FrameRef]:
        """Frames of the last finished epoch, by clip and index, of all processes."""
        return self.refs
