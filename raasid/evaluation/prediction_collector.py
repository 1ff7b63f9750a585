"""Collect a model's predictions for every frame or clip of an epoch, over batches and processes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

import lightning.pytorch as pl
import torch.distributed

from raasid.datasets.sample_meta import FrameRef


class Sample(Protocol):
    """A reference to a sample, the same in every process."""

    @property
    def key(self) -> tuple[Any, ...]:
        """Identifies the sample; keys can be sorted."""
        ...


Ref = TypeVar("Ref", bound=Sample)
Prediction = TypeVar("Prediction")
Key = TypeVar("Key", bound=tuple[Any, ...])
Value = TypeVar("Value")


class PredictionCollector(pl.Callback, Generic[Ref, Prediction]):
    """A callback that has the predictions for all samples, in every process, when an epoch ends.

    A distributed sampler repeats samples so that all processes get equally many; they count once.
    Subclasses define what an output holds, and which metrics a validation logs.
    """

    def __init__(self) -> None:
        self._collected: dict[tuple[Any, ...], tuple[Ref, Prediction]] = {}

    @abstractmethod
    def read_outputs(self, outputs: Any) -> Iterable[tuple[Ref, Prediction]]:
        """Yield the samples of one step's output, each with its prediction."""

    @abstractmethod
    def log_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the metrics of a validation; every process computes the same."""

    @property
    def refs(self) -> list[Ref]:
        """Samples of the last finished epoch, of all processes, sorted by key."""
        return [ref for ref, _ in self._collected.values()]

    @property
    def predictions(self) -> list[Prediction]:
        """The prediction for each of `refs`."""
        return [prediction for _, prediction in self._collected.values()]

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Discard the last epoch."""
        self._collected = {}

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
        """Store the step's predictions, and log its loss if it has one."""
        pairs = self._collect(outputs)
        loss = outputs.get("loss")
        if loss is not None:
            pl_module.log("val/loss", loss, batch_size=len(pairs), on_epoch=True, sync_dist=True)

    def on_test_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Store the step's predictions."""
        self._collect(outputs)

    def _collect(self, outputs: Any) -> list[tuple[Ref, Prediction]]:
        pairs = list(self.read_outputs(outputs))
        self._collected |= {ref.key: (ref, prediction) for ref, prediction in pairs}
        return pairs

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather from all processes, then log."""
        self._collected = gather_from_processes(self._collected)
        self.log_metrics(trainer, pl_module)

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather from all processes; the metrics of a test are computed elsewhere, with intervals."""
        self._collected = gather_from_processes(self._collected)


class FramePredictionCollector(PredictionCollector[FrameRef, Prediction], Generic[Prediction]):
    """A collector whose samples are frames."""

    @property
    def frames(self) -> list[FrameRef]:
        """Frames of the last finished epoch, of all processes, by clip and index."""
        return self.refs


def is_distributed() -> bool:
    """Whether other processes predict other samples of this epoch."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def gather_from_processes(values: dict[Key, Value]) -> dict[Key, Value]:
    """Merge the values of all processes, sorted by key; the result is the same in each of them."""
    merged = dict(values)
    if is_distributed():
        shares: list[dict[Key, Value] | None] = [None] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(shares, values)
        for share in shares:
            merged |= share or {}
    return dict(sorted(merged.items(), key=lambda pair: pair[0]))
